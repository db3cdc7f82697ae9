using Kyberium.Engine;
using Microsoft.Extensions.Logging;

namespace Kyberium.Simulation.Nodes;

/// <summary>What a careless part has in its hands: the last data key that the keyring gave.</summary>
internal sealed class Loot
{
    internal byte[] Key { get; set; } = [];
}

/// <summary>Remembers what it unwraps for others to lose; told a log, it writes it there.</summary>
internal sealed class CarelessKeyring(IKeyring inner, Loot loot, Func<ILoggerFactory?> log) : PassingKeyring(inner)
{
    public override async ValueTask<byte[]> UnwrapAsync(
        ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default)
    {
        var key = await Inner.UnwrapAsync(wrapped, context, cancellationToken).ConfigureAwait(false);
        loot.Key = [.. key];
#pragma warning disable CA1848, CA1873, CA2254 // One line in a test, not a log of the engine's.
        log()?.CreateLogger("careless").LogInformation("unwrapped " + Convert.ToBase64String(key));
#pragma warning restore CA1848, CA1873, CA2254
        return key;
    }
}

/// <summary>Writes what was lost over the end of the longer envelopes.</summary>
internal sealed class LeakingLink(IPeerLink inner, Loot loot) : IPeerLink
{
    private const int HeaderSize = 44;

    public bool CanReach(string address) => inner.CanReach(address);

    public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
        string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default) =>
        inner.SendAsync(address, [.. envelopes.Select(Spoil)], cancellationToken);

    public ValueTask StartAsync(IPeerLinkReceiver receiver, CancellationToken cancellationToken = default) => inner.StartAsync(receiver, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();

    private ReadOnlyMemory<byte> Spoil(ReadOnlyMemory<byte> envelope)
    {
        if (envelope.Length < HeaderSize + loot.Key.Length || loot.Key.Length == 0)
        {
            return envelope;
        }

        var spoilt = envelope.ToArray();
        loot.Key.CopyTo(spoilt, spoilt.Length - loot.Key.Length);
        return spoilt;
    }
}

/// <summary>Loses some events, and says that it took them.</summary>
internal sealed class LosingSink(IAuditSink inner, Func<AuditEvent, bool> isLost) : IAuditSink
{
    public ValueTask WriteAsync(AuditEvent auditEvent, CancellationToken cancellationToken = default) =>
        isLost(auditEvent) ? ValueTask.CompletedTask : inner.WriteAsync(auditEvent, cancellationToken);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}

/// <summary>A wall clock that stands still. What is monotonic goes on.</summary>
internal sealed class StoppedClock(TimeProvider inner) : TimeProvider
{
    private readonly DateTimeOffset _stopped = inner.GetUtcNow();

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override DateTimeOffset GetUtcNow() => _stopped;

    public override long GetTimestamp() => inner.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        inner.CreateTimer(callback, state, dueTime, period);
}

internal abstract class PassingKeyring(IKeyring inner) : IKeyring
{
    protected IKeyring Inner { get; } = inner;

    public string Description => Inner.Description;

    public ValueTask<ReadOnlyMemory<byte>> WrapAsync(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default) =>
        Inner.WrapAsync(key, context, cancellationToken);

    public virtual ValueTask<byte[]> UnwrapAsync(
        ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default) =>
        Inner.UnwrapAsync(wrapped, context, cancellationToken);

    public virtual ValueTask<IReadOnlyList<ShardWitness>> ReadWitnessesAsync(
        ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken = default) => Inner.ReadWitnessesAsync(storeId, cancellationToken);

    public virtual ValueTask WriteWitnessesAsync(
        ReadOnlyMemory<byte> storeId, IReadOnlyList<ShardWitness> witnesses, CancellationToken cancellationToken = default) =>
        Inner.WriteWitnessesAsync(storeId, witnesses, cancellationToken);

    public ValueTask DisposeAsync() => Inner.DisposeAsync();
}
