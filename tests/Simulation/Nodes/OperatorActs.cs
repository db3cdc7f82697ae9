using Kyberium.Engine;
using Kyberium.Simulation.Checkers;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Nodes;

/// <summary>What operators do to peers and identities, and what becomes of whole nodes. Each act tells the checkers before it begins and
/// once its end is known what it may do; one whose end a crash hid is over when the next process starts.</summary>
internal sealed partial class OperatorActs(
    SimulatedWorld world, Scenario scenario, Application application, Ledgers ledgers, AuditLedger audit, IReadOnlyList<SimulatedNode> nodes)
{
    private const long Second = 1_000_000;
    private const string OtherTemplate = "simulation-tight";

    private readonly SeededChoices _choices = SeededChoices.For(world.Seed, "operators");
    private readonly OperatorPlan _plan = OperatorPlan.Draw(world.Seed, scenario.Faults);
    private readonly Dictionary<string, IdentityInfo> _identities = new(StringComparer.Ordinal);
    private readonly List<(SimulatedProcess Process, DeliveryLedger.OpenAct Act)> _open = [];
    private readonly HashSet<(string Node, string Peer)> _busy = [];
    private bool _isTroubled;

    internal OperatorPlan Plan => _plan;

    /// <summary>Gets or sets whether acts are kept from the checkers: a test breaks it on purpose.</summary>
    internal bool TellsNobody { get; set; }

    /// <summary>Gets or sets whether an operator gives a peer that has new keys up and adds it again, and calls that a change of pins: a
    /// test breaks it on purpose.</summary>
    internal bool ReplacesPeersForTheirKeys { get; set; }

    /// <summary>Gets how many acts were answered as done, repairs counted too.</summary>
    internal int Count { get; private set; }

    /// <summary>Gets whether an act goes on.</summary>
    internal bool IsAnythingOpen => _open.Exists(open => open.Process.IsAlive) || _busy.Count > 0;

    /// <summary>An identity was made when the world was set up.</summary>
    internal void Knows(SimulatedNode node, IdentityInfo identity) => _identities[node.Name] = identity;

    internal void Begin()
    {
        application.PeersComeAndGo = _plan.Has(Faults.Removals | Faults.LostNodes | Faults.AcceptedStores | Faults.Rotations);
        _isTroubled = true;
        NextAct();
        NextRepair();
    }

    /// <summary>No act begins from now on; what was begun is finished, and what is broken repaired.</summary>
    internal void Calm() => _isTroubled = false;

    /// <summary>A store was lost, or goes on from an older copy: what it held of every peer is gone or old.</summary>
    internal void StoreChanged(SimulatedNode node, bool isOlder)
    {
        application.Forget(node);
        if (!isOlder)
        {
            application.ForgetUnfinished(node);
        }

        foreach (var peer in nodes.Where(peer => peer != node))
        {
            ledgers.Of(node.Name, peer.Name).Begin(Liberty.SenderGone).End();
            ledgers.Of(peer.Name, node.Name).Begin(Liberty.ReceiverGone).End();
        }
    }

    /// <summary>A process serves: acts whose end an earlier one hid are over, and its identities are those of its store.</summary>
    internal void Started(SimulatedNode node, SimulatedProcess process, SessionEngine engine)
    {
        foreach (var open in _open.Where(open => !open.Process.IsAlive && open.Process.Name.StartsWith(node.Name, StringComparison.Ordinal)).ToList())
        {
            open.Act.End();
            _open.Remove(open);
        }

        _busy.RemoveWhere(pair => pair.Node == node.Name);
        if (engine.ListIdentities() is [{ } identity])
        {
            _identities[node.Name] = identity;
        }
        else
        {
            Act(node, "identity-created", async (engine, caller) =>
                _identities[node.Name] = await engine.CreateIdentityAsync(IdentityName.Default, [Suite.MLKem768], caller).ConfigureAwait(false));
        }
    }

    private void NextAct() => world.After(null, _choices.Between(0, 2 * _plan.Micros), () =>
    {
        if (_isTroubled)
        {
            var node = _choices.Pick(nodes);
            var others = nodes.Where(other => other != node).ToList();
            Draw(node, _choices.Pick(others));
            NextAct();
        }
    });

    private void Draw(SimulatedNode node, SimulatedNode peer)
    {
        var (kind, detail) = (_choices.Below(16), _choices.Next());
        switch (kind)
        {
            case < 3 when _plan.Has(Faults.StreamResets):
                Reset(node, peer, outgoing: detail % 3 != 1, incoming: detail % 3 != 0);
                break;
            case 3 or 4 when _plan.Has(Faults.Removals):
                Remove(node, peer);
                break;
            case 5 when _plan.Has(Faults.LostNodes):
                node.LoseEverything();
                break;
            case 6 or 7 when _plan.Has(Faults.AcceptedStores):
                application.Checkpoint(node);
                world.After(null, 2 * Second, node.AcceptOlderStore);
                break;
            case 8 or 9 when _plan.Has(Faults.Rotations):
                Rotate(node);
                break;
            case 10 or 11 when _plan.Has(Faults.TemplateChanges):
                SetTemplate(node, peer, detail % 2 == 0 ? OtherTemplate : "simulation");
                break;
            case > 11 when _plan.Has(Faults.Expiries):
                for (var left = 1 + (detail % 8); left > 0; left--)
                {
                    application.SendExpiring(node, peer, TimeSpan.FromMilliseconds(_choices.Between(1, _choices.Chance(0.5) ? 2_000 : 60_000)));
                }

                break;
            default:
                break;
        }
    }

    /// <summary>Starts a direction's stream anew, or both. Whatever was open goes over; nothing is lost.</summary>
    internal void Reset(SimulatedNode node, SimulatedNode peer, bool outgoing, bool incoming) => Act(
        node, "stream-reset", (engine, caller) => engine.ResetStreamAsync(peer.PeerId, outgoing, incoming, caller: caller), begin: () =>
        [
            .. outgoing ? new[] { ledgers.Of(node.Name, peer.Name).Begin(Liberty.SenderReset) } : [],
            .. incoming ? new[] { ledgers.Of(peer.Name, node.Name).Begin(Liberty.ReceiverReset) } : [],
        ]);

    /// <summary>Forgets a peer, looks that its key is gone from the store, and lets the next repair add it again.</summary>
    internal void Remove(SimulatedNode node, SimulatedNode peer)
    {
        var before = default(StoreContent);
        Act(
            node, "peer-removed", async (engine, caller) =>
            {
                before ??= await StoreContent.ReadAsync(node).ConfigureAwait(false);
                await engine.RemovePeerAsync(peer.PeerId, caller: caller).ConfigureAwait(false);
            },
            begin: () =>
            {
                application.Forget(node, peer);
                return
                [
                    ledgers.Of(node.Name, peer.Name).Begin(Liberty.SenderGone),
                    ledgers.Of(peer.Name, node.Name).Begin(Liberty.ReceiverGone),
                ];
            },
            pair: (node.Name, peer.Name),
            done: () => application.Forget(node, peer),
            after: async () => (await StoreContent.ReadAsync(node).ConfigureAwait(false)).CheckForgotten(world, node, peer.PeerId, before!));
    }

    /// <summary>Gives an identity new keys. Repairs pin the new document at its peers; the rotation ends when all have it.</summary>
    private void Rotate(SimulatedNode node) => Act(
        node, "identity-rotated", async (engine, caller) =>
        {
            if (engine.GetIdentity(IdentityName.Default).PreviousFingerprint is null)
            {
                _identities[node.Name] = await engine.RotateIdentityAsync(IdentityName.Default, caller).ConfigureAwait(false);
            }
        }, pair: (node.Name, node.Name), isConditional: true);

    private void SetTemplate(SimulatedNode node, SimulatedNode peer, string template) => Act(
        node, "template-set", (engine, caller) => engine.SetTemplateAsync(peer.PeerId, template, caller: caller));

    /// <summary>Asks for an act under an id of its own, and again under the same id while the answer is that it may be repeated.</summary>
    /// <param name="begin">Tells the checkers what the act may do.</param>
    /// <param name="pair">What no other act touches meanwhile.</param>
    /// <param name="after">What is looked at when the act was done, before anything follows it.</param>
    /// <param name="isConditional">Whether it may turn out that there is nothing to do.</param>
    private void Act(
        SimulatedNode node, string kind, Func<SessionEngine, CallerContext, Task> act, Func<IReadOnlyList<DeliveryLedger.OpenAct>>? begin = null,
        (string Node, string Peer)? pair = null, Action? done = null, Func<Task>? after = null, bool isConditional = false)
    {
        if (!node.IsUp || (pair is { } claimed && !_busy.Add(claimed)))
        {
            return;
        }

        var operation = application.NewOperation();
        application.Do(node, kind, async (process, engine) =>
        {
            var acts = TellsNobody ? [] : begin?.Invoke() ?? [];
            _open.AddRange(acts.Select(one => (process, one)));
            audit.Asked(node, kind, operation);
            var isKnown = false;
            try
            {
                await RepeatAsync(process, () => act(engine, new CallerContext("operator", kind, operation))).ConfigureAwait(false);
                if (process.IsAlive && !isConditional)
                {
                    audit.Done(operation);
                }

                if (process.IsAlive && after is not null)
                {
                    await after().ConfigureAwait(false);
                }

                Count += process.IsAlive ? 1 : 0;
                isKnown = true;
            }
            catch (EngineException refused) when (!refused.IsTransient && refused.Code != EngineErrorCode.EngineStopped)
            {
                isKnown = true;
                throw;
            }
            finally
            {
                if (process.IsAlive && isKnown)     // else the next process shows what became of it
                {
                    done?.Invoke();
                    foreach (var one in acts)
                    {
                        one.End();
                        _open.Remove((process, one));
                    }

                    if (pair is { } freed)
                    {
                        _busy.Remove(freed);
                    }
                }
            }
        });
    }

    private async Task RepeatAsync(SimulatedProcess process, Func<Task> act)
    {
        while (true)
        {
            try
            {
                await act().ConfigureAwait(false);
                return;
            }
            catch (EngineException failure) when (process.IsAlive && failure.IsTransient && failure.Code != EngineErrorCode.EngineStopping)
            {
                var wait = new TaskCompletionSource(TaskCreationOptions.None);
                world.After(process, Second, wait.SetResult);
                await wait.Task.ConfigureAwait(false);
            }
        }
    }
}
