using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Model;

/// <summary>Two sides with real machines, a network, two stores and one clock. Nothing happens by itself.</summary>
internal sealed class World
{
    internal static readonly Fingerprint Low = Fingerprint.Of("17"u8);
    internal static readonly Fingerprint High = Fingerprint.Of("3"u8);

    private readonly StepOutput _output = new();

    private World(Side a, Side b, WorldOptions options) => (A, B, Options) = (a, b, options);

    internal Side A { get; }

    internal Side B { get; }

    internal WorldOptions Options { get; }

    internal List<Packet> Network { get; private init; } = [];

    internal long Now { get; set; } = 1_000_000;

    /// <summary>Gets or sets why this world breaks a promise; <see langword="null"/> while it keeps all.</summary>
    internal string? Violation { get; set; }

    /// <summary>Gets or sets whether a side's store has gone back in time.</summary>
    internal (bool A, bool B) RolledBack { get; set; }

    private bool AnswersLate { get; set; }

    internal Action<string>? Log { get; set; }

    internal static World Create(WorldOptions options)
    {
        var (a, b) = Low.CompareTo(High) < 0 == options.IsALower ? (Low, High) : (High, Low);
        var world = new World(
            new Side(isA: true, new SideContext(options.LimitsA, a)),
            new Side(isA: false, new SideContext(options.LimitsB, b)), options);
        world.Do(world.A, new PeerCommand.Add(new Pin(b, default, Proved: false), FrozenPolicy.None, [], 1));
        world.Do(world.B, new PeerCommand.Add(new Pin(a, default, Proved: false), FrozenPolicy.None, [], 1));
        world.Flush(world.A);
        world.Flush(world.B);
        return world;
    }

    internal World Copy() => new(A.Copy(), B.Copy(), Options)
    {
        Network = [.. Network],
        Now = Now,
        Violation = Violation,
        RolledBack = RolledBack,
    };

    internal bool HasRolledBack(Side side) => side.IsA ? RolledBack.A : RolledBack.B;

    internal Side Other(Side side) => side.IsA ? B : A;

    internal StepInput Input(Side side) => new(new UnixMillis(Now), new MonotonicMillis(Now), side.Entropy);

    /// <summary>Decides one command as a batch of its own.</summary>
    internal PeerReply Do(Side side, PeerCommand command)
    {
        command = Options.Broken?.Before(side, command) ?? command;
        _output.Clear();
        var before = side.State.Handshakes?.Restart?.Confirming;
        var input = Input(side);
        var reply = side.Machine.Decide(command, input, _output);
        side.Machine.Settle(input, _output);
        side.Deadline = side.Machine.Deadline;
        Options.Broken?.After(side, _output);
        Take(side, before is null ? 0 : SymbolicSecrets.KeyOf(before.Secrets));
        return reply;
    }

    /// <summary>Makes everything durable that a side decided, and performs it.</summary>
    internal void Flush(Side side)
    {
        while (side.Unflushed.Count > 0)
        {
            var step = side.Unflushed[0];
            side.Unflushed.RemoveAt(0);
            foreach (var fact in step.Events)
            {
                if (Options.Broken?.IsJournaled(fact) ?? true)
                {
                    side.Durable.Add(fact);
                }
            }

            Perform(side, step.Effects);
        }
    }

    internal void Compute(Side side)
    {
        var task = side.Computes[0];
        side.Computes.RemoveAt(0);
        Do(side, new PeerCommand.HandshakeComputed(task, SymbolicHandshakes.Instance.Run(task, side.Entropy)));
    }

    internal void Deliver(Packet packet, bool keep = false)
    {
        if (!keep)
        {
            Network.Remove(packet);
        }

        var side = packet.FromA ? B : A;
        AnswersLate = Now - packet.SentAt >= side.Context.Limits.PreviousKeptMillis;
        if (!packet.IsRecord)
        {
            DeliverHandshake(side, packet);
        }
        else if (side.Opens(packet.Index, packet.Key))
        {
            Do(side, new PeerCommand.Record(packet.Index, packet.Type, packet.Bytes));
        }
        else
        {
            Log?.Invoke($"   {side.Name} cannot open {packet}");
            if (packet is { IsPayload: true, IsLate: false } && Now - packet.SentAt < side.Context.Limits.PreviousKeptMillis && !side.Excused.Contains(packet.Key))
            {
                Violation ??= $"{side.Name} cannot open {packet}, sealed {Now - packet.SentAt} ms ago";
            }
        }

        AnswersLate = false;
    }

    /// <summary>Moves the clock to a side's deadline, unless it is past, and lets the side act.</summary>
    internal void Tick(Side side)
    {
        Now = Math.Max(Now, side.Deadline.Value);
        Do(side, new PeerCommand.Tick());
    }

    /// <summary>Loses everything volatile and recovers from what is durable.</summary>
    internal void Crash(Side side)
    {
        // Kind 0: the initiator commits at the answer, so what it had not journalled by then is lost with it.
        foreach (var fact in side.Unflushed.SelectMany(step => step.Events))
        {
            if (fact is PeerEvent.SessionEstablished { IsInitiator: true, Epoch: var epoch })
            {
                side.Excused.Add(SymbolicSecrets.KeyOf(epoch.Secrets));
            }
        }

        side.Unflushed.Clear();
        if (side.State.Handshakes?.Restart?.Confirming is { } confirming)
        {
            side.Excused.Add(SymbolicSecrets.KeyOf(confirming.Secrets));
        }

        Recover(side);
    }

    /// <summary>Puts a side's store back to an earlier length. Unnoticed, it goes on; noticed, it drops its sessions.</summary>
    internal void RollBack(Side side, int length, bool isNoticed)
    {
        RolledBack = side.IsA ? (true, RolledBack.B) : (RolledBack.A, true);
        side.Unflushed.Clear();
        foreach (var (_, key) in side.Listening)
        {
            side.Excused.Add(key);
        }

        foreach (var epoch in Side.Fold(side.Durable).Sessions.SelectMany(session => session.Epochs))
        {
            side.Excused.Add(SymbolicSecrets.KeyOf(epoch.Secrets));
        }

        side.Durable.RemoveRange(length, side.Durable.Count - length);
        foreach (var epoch in Side.Fold(side.Durable).Sessions.SelectMany(session => session.Epochs))
        {
            Other(side).Excused.Add(SymbolicSecrets.KeyOf(epoch.Secrets));      // what an older copy goes on with may be long gone there
        }

        Recover(side);
        if (isNoticed)
        {
            Do(side, new PeerCommand.Restored(side.State.Generation + 1));
            Flush(side);
        }
    }

    /// <summary>An operator removes the peer and adds it again: whatever was known of it is gone, and what was sealed under the keys they shared need not open.</summary>
    internal void RemoveAndAdd(Side side)
    {
        var remote = side.State.Pins[0].Fingerprint;
        foreach (var (_, key) in A.Listening.Concat(B.Listening).ToList())
        {
            A.Excused.Add(key);
            B.Excused.Add(key);
        }

        Do(side, new PeerCommand.Forget());
        Do(side, new PeerCommand.Add(new Pin(remote, default, Proved: false), FrozenPolicy.None, [], 1));
        Flush(side);
    }

    private void Recover(Side side)
    {
        side.Computes.Clear();
        side.Listening.Clear();
        side.ListeningHandshakes.Clear();
        side.Machine = new PeerMachine(Side.Fold(side.Durable), side.Context);
        _output.Clear();
        var input = Input(side);
        side.Machine.Loaded(input, _output);
        side.Machine.Settle(input, _output);
        side.Deadline = side.Machine.Deadline;
        Options.Broken?.After(side, _output);
        Take(side, 0);
    }

    private void DeliverHandshake(Side side, Packet packet)
    {
        if (packet.Type == EnvelopeType.Handshake2)
        {
            if (side.ListeningHandshakes.Contains(packet.Index))
            {
                Do(side, new PeerCommand.Handshake2(packet.Index, packet.Bytes));
            }

            return;
        }

        var message = SymbolicMessage1.Parse(packet.Bytes);
        if (side.Context.LocalIdentities.Contains(message.Responder) && side.State.IsPinned(message.Initiator))
        {
            Do(side, new PeerCommand.Handshake1(
                new SymbolicHandshakes.Responder(message), Suite.MLKem768P256, message.Responder, message.Initiator,
                SHA256.HashData(packet.Bytes.Span), "link"));
        }
    }

    private void Take(Side side, UInt128 confirming)
    {
        var effects = new List<SideEffect>(_output.Effects.Count);
        var mayLose = _output.Events.Exists(fact => fact is PeerEvent.SessionsDropped);
        foreach (var effect in _output.Effects)
        {
            var taken = Translate(side, effect, mayLose, confirming);
            if (Options.Broken is { } broken && broken.IsEarly(taken))
            {
                Perform(side, [taken]);
            }
            else
            {
                effects.Add(taken);
            }
        }

        side.Unflushed.Add(new DecidedStep([.. _output.Events], effects));
        Log?.Invoke($"   {side.Name}: {string.Join(", ", _output.Events.Select(fact => fact.GetType().Name))}");
        if (Options.FlushesAtOnce || (_output.Events.Count == 0 && side.Unflushed.Count == 1))
        {
            Flush(side);
        }
    }

    private SideEffect Translate(Side side, PeerEffect effect, bool mayLose, UInt128 confirming) => effect switch
    {
        PeerEffect.Seal seal => new SideEffect.Send(new Packet(
            side.IsA, seal.Type, SymbolicSecrets.KeyOf(seal.Epoch.Secrets), seal.Epoch.RemoteIndex, seal.Plaintext, Now,
            AnswersLate)),
        PeerEffect.Transmit transmit => new SideEffect.Send(new Packet(
            side.IsA, SymbolicSecrets.TypeOf(transmit.Envelope.Span), 0,
            SymbolicSecrets.ReceiverOf(transmit.Envelope.Span), transmit.Envelope, Now)),
        PeerEffect.Compute compute => new SideEffect.Run(compute.Task),
        PeerEffect.Listen listen => new SideEffect.Listen(listen.Epoch.LocalIndex, KeyOf(listen.Epoch)),
        PeerEffect.Forget forget => new SideEffect.Forget(
            forget.Epoch.LocalIndex, KeyOf(forget.Epoch), mayLose || KeyOf(forget.Epoch) == confirming),
        PeerEffect.ListenHandshake listen => new SideEffect.ListenHandshake(listen.Index),
        PeerEffect.ForgetHandshake forget => new SideEffect.ForgetHandshake(forget.Index),
        _ => new SideEffect.Tell(effect),
    };

    private void Perform(Side side, IReadOnlyList<SideEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case SideEffect.Send send:
                    Send(side, send.Packet with { SentAt = Now });
                    break;
                case SideEffect.Run run:
                    side.Computes.Add(run.Task);
                    if (Options.ComputesAtOnce)
                    {
                        Compute(side);
                    }

                    break;
                case SideEffect.Listen listen:
                    side.Listening.Add((listen.Index, listen.Key));
                    break;
                case SideEffect.Forget forget:
                    side.Listening.Remove((forget.Index, forget.Key));
                    if (forget.MayLoseRecords)
                    {
                        side.Excused.Add(forget.Key);
                    }

                    break;
                case SideEffect.ListenHandshake listen:
                    side.ListeningHandshakes.Add(listen.Index);
                    break;
                case SideEffect.ForgetHandshake forget:
                    side.ListeningHandshakes.Remove(forget.Index);
                    break;
                case SideEffect.Tell tell when Options.RemembersTold:
                    side.Told.Add(tell.Effect);
                    break;
                default:
                    break;
            }
        }
    }

    private void Send(Side side, Packet packet)
    {
        Log?.Invoke($"   {side.Name} sends {packet}");
        Violation ??= Promises.OnSend(this, side, packet);
        if (!Network.Exists(other => Same(other, packet)))
        {
            Network.Add(packet);    // a copy of what is in flight already adds no behaviour that a duplicate would not
        }
    }

    private static bool Same(Packet left, Packet right) =>
        left.FromA == right.FromA && left.Type == right.Type && left.Key == right.Key && left.Index == right.Index
        && left.Bytes.Span.SequenceEqual(right.Bytes.Span);

    private static UInt128 KeyOf(EpochState epoch) => SymbolicSecrets.KeyOf(epoch.Secrets);
}

/// <summary>How a world is set up.</summary>
internal sealed record WorldOptions
{
    internal static readonly PeerLimits Limits = new() { Suites = [Suite.MLKem768P256] };

    internal bool IsALower { get; init; } = true;

    internal bool FlushesAtOnce { get; init; } = true;

    internal bool ComputesAtOnce { get; init; } = true;

    internal bool RemembersTold { get; init; } = true;

    internal PeerLimits LimitsA { get; init; } = Limits;

    internal PeerLimits LimitsB { get; init; } = Limits;

    internal BrokenRule? Broken { get; init; }
}
