using Kyberium.Engine;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Checkers;

/// <summary>The checkers that outlive every engine.</summary>
internal sealed class Ledgers(SimulatedWorld world)
{
    private readonly SortedDictionary<string, DeliveryLedger> _deliveries = new(StringComparer.Ordinal);

    internal IEnumerable<DeliveryLedger> Deliveries => _deliveries.Values;

    internal VolatileLedger Volatile { get; } = new(world);

    internal BoundsChecker Bounds { get; } = new(world);

    /// <summary>Gets what each engine last showed of each peer.</summary>
    internal Dictionary<(string Node, string Peer), PeerInfo> Showed { get; } = [];

    /// <summary>Gets or sets since when a node's wall clock has shown a time or a later one.</summary>
    internal Func<string, long, long?> PassedSince { get; set; } = (_, _) => null;

    /// <summary>Gets or sets how long a record may be under way, in virtual microseconds.</summary>
    internal long LateMicrosMax { get; set; }

    internal DeliveryLedger Of(string from, string to)
    {
        var name = $"{from}>{to}";
        if (!_deliveries.TryGetValue(name, out var ledger))
        {
            _deliveries[name] = ledger = new DeliveryLedger(world, from, to) { PassedSince = due => PassedSince(from, due), LateMicrosMax = LateMicrosMax };
        }

        return ledger;
    }
}
