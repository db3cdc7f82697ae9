using Kyberium.Engine;
using Kyberium.Simulation.Nodes;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Checkers;

/// <summary>What every node's audit sink was given: one event for each place in each history of a store, one place for each act, none
/// for an act that nobody asked for, and an event for each act that was answered as done.</summary>
internal sealed class AuditLedger(SimulatedWorld world, Ledgers ledgers)
{
    private readonly Dictionary<(string Node, int History, ShardId Shard, long Position, int Ordinal), AuditEvent> _events = [];
    private readonly Dictionary<(Guid Operation, string Kind, string Node), (int History, ShardId Shard, long Position, int Ordinal)> _acts = [];
    private readonly Dictionary<Guid, (string Node, string Kind, int History)> _asked = [];
    private readonly List<Guid> _done = [];
    private readonly Dictionary<(string Node, string Fingerprint), long> _proved = [];
    private readonly List<(string Node, string Fingerprint, long WallMicros, int History)> _toBeProved = [];

    internal int Count => _events.Count;

    /// <summary>Gets how many peers were reported to have lost their state.</summary>
    internal int StateLost { get; private set; }

    /// <summary>An act is about to be asked for, under an id.</summary>
    internal void Asked(SimulatedNode node, string kind, Guid operation) => _asked[operation] = (node.Name, kind, node.History);

    /// <summary>The act was answered as done: its event has to come.</summary>
    internal void Done(Guid operation) => _done.Add(operation);

    /// <summary>An older pin was gone when the newer one had just been added: only the proof of the newer one accounts for that.</summary>
    internal void HasToBeProved(SimulatedNode node, Fingerprint fingerprint) => _toBeProved.Add((node.Name, fingerprint.ToString(), node.WallMicros, node.History));

    internal void Took(SimulatedNode node, int history, AuditEvent auditEvent)
    {
        var place = (node.Name, history, auditEvent.Shard, auditEvent.Position.Value, auditEvent.Ordinal);
        if (!_events.TryAdd(place, auditEvent))
        {
            if (_events[place] != auditEvent)
            {
                world.Violate("audit", $"{node.Name} gave two events one place: {_events[place]} and {auditEvent}");
            }

            return;
        }

        world.Note(node.Name, $"audit {auditEvent.Kind} {auditEvent.Peer} {auditEvent.Detail}");
        switch (auditEvent.Kind)
        {
            case "message-expired":
                ledgers.Of(node.Name, auditEvent.Peer).ReportedExpired(
                    auditEvent.Operation, (long)(auditEvent.At - SimulatedTime.Began).TotalMicroseconds);
                break;
            case "pin-proved":
                _proved[(node.Name, auditEvent.Detail)] = (long)(auditEvent.At - SimulatedTime.Began).TotalMicroseconds;
                break;
            case "peer-state-lost":
                StateLost++;
                break;
            default:
                break;
        }

        CheckAct(node, auditEvent, (history, auditEvent.Shard, auditEvent.Position.Value, auditEvent.Ordinal));
    }

    /// <summary>What was done has been told, or went with the store that held it. An act is answered before its event is handed on.</summary>
    internal bool IsTold(IReadOnlyList<SimulatedNode> nodes) => Untold(nodes) is null;

    /// <summary>When all is quiet, what was done has been told.</summary>
    internal void LookThrough(IReadOnlyList<SimulatedNode> nodes)
    {
        CheckPins(nodes);
        if (Untold(nodes) is var (node, kind))
        {
            world.Violate("audit", $"{node} was answered that {kind} was done, and no event tells of it");
        }
    }

    private (string Node, string Kind)? Untold(IReadOnlyList<SimulatedNode> nodes)
    {
        foreach (var operation in _done)
        {
            var (node, kind, history) = _asked[operation];
            if (nodes.First(other => other.Name == node).History == history && !_acts.ContainsKey((operation, kind, node)))
            {
                return (node, kind);
            }
        }

        return null;
    }

    private void CheckPins(IReadOnlyList<SimulatedNode> nodes)
    {
        foreach (var (node, fingerprint, wallMicros, history) in _toBeProved.Where(pin => nodes.First(node => node.Name == pin.Node).History == pin.History))
        {
            if (!_proved.TryGetValue((node, fingerprint), out var at) || at > wallMicros)
            {
                world.Violate("pins", $"{node} gave an older pin up before {fingerprint} was proved");
            }
        }
    }

    private void CheckAct(SimulatedNode node, AuditEvent auditEvent, (int History, ShardId Shard, long Position, int Ordinal) place)
    {
        if (!_asked.TryGetValue(auditEvent.Operation, out var asked) || asked.Kind != auditEvent.Kind)
        {
            return;     // nobody's act, or what an act brought with it
        }

        if (asked.Node != node.Name)
        {
            world.Violate("audit", $"{asked.Kind} at {asked.Node} was told at {node.Name}");
        }

        // A store that went back may tell again, in another history, what had been done before the copy was made.
        if (!_acts.TryAdd((auditEvent.Operation, auditEvent.Kind, node.Name), place)
            && _acts[(auditEvent.Operation, auditEvent.Kind, node.Name)] is var first && first.History == place.History && first != place)
        {
            world.Violate("audit", $"{node.Name} did {auditEvent.Kind} twice under one id: {auditEvent.Detail}");
        }
    }
}
