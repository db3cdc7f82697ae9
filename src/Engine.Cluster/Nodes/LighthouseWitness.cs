using Kyberium.Engine.Keyring;
using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.Cluster;

/// <summary>Has every Lighthouse of the cluster remember how far shards have come, each by itself. Decision 0020.</summary>
internal sealed class LighthouseWitness : IStoreWitness
{
    private readonly IReadOnlyList<WitnessPlace> _places;
    private readonly ILogger _logger;
    private int _isDisposed;

    internal LighthouseWitness(IEnumerable<string> lighthouses, ClusterIdentity identity, TimeProvider time, ILogger logger)
    {
        _logger = logger;
        _places = [.. lighthouses.Distinct(StringComparer.Ordinal).Select(lighthouse => new WitnessPlace(lighthouse, identity, time, logger))];
    }

    /// <summary>Gets how many witnesses wait for a Lighthouse that has not taken them yet.</summary>
    internal int WaitingCount => _places.Sum(static place => place.WaitingCount);

    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<ShardWitness>> ReadAsync(ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken = default)
    {
        var answers = await Task.WhenAll(_places.Select(place => place.ReadAsync(storeId, cancellationToken))).ConfigureAwait(false);
        if (answers.All(static answer => answer.Witnesses is null))
        {
            LinkLog.NothingRemembered(_logger, string.Join("; ", answers.Select(static answer => answer.Failure)));
        }

        var highest = new Dictionary<ShardId, ShardWitness>();
        foreach (var witness in answers.SelectMany(static answer => answer.Witnesses ?? []))
        {
            highest[witness.Shard] = highest.TryGetValue(witness.Shard, out var known) ? WitnessEntry.Highest(known, witness) : witness;
        }

        return [.. highest.Values];
    }

    /// <inheritdoc/>
    public void Remember(ReadOnlyMemory<byte> storeId, in ShardWitness witness)
    {
        WitnessEntry.Check(witness);
        foreach (var place in _places)
        {
            place.HandIn(storeId, witness);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            await Task.WhenAll(_places.Select(static place => place.DisposeAsync().AsTask())).ConfigureAwait(false);
        }
    }
}
