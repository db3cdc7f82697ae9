using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;

namespace Kyberium.Engine.Shards;

/// <summary>All shards of this process and their supervision: one that ended by a fault is recovered from its journal.</summary>
internal sealed class ShardSet : IAsyncDisposable
{
    private const int RestartMillisMin = 100;
    private const int RestartMillisMax = 10_000;

    private readonly ShardEnvironment _environment;
    private readonly IHandshakeProvider? _handshakeProvider;
    private readonly Shard?[] _shards;
    private readonly EngineException?[] _down;
    private readonly Task[] _supervisors;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Action<ShardId, EngineException> _ended;

    private ShardSet(
        ShardEnvironment environment, IHandshakeProvider? handshakeProvider, int count, Action<ShardId, EngineException> ended)
    {
        _environment = environment;
        _handshakeProvider = handshakeProvider;
        _shards = new Shard?[count];
        _down = new EngineException?[count];
        _supervisors = new Task[count];
        Array.Fill(_supervisors, Task.CompletedTask);
        _ended = ended;
    }

    internal int Count => _shards.Length;

    internal IEnumerable<Shard> Running => _shards.OfType<Shard>();

    /// <summary>Takes over and recovers every shard, several at once. A damaged one stays down and the others go on, unless all are;
    /// any other failure is the start's.</summary>
    /// <param name="ended">Hears of each shard that ended by a fault.</param>
    internal static async Task<ShardSet> StartAsync(
        ShardEnvironment environment, IHandshakeProvider? handshakeProvider, Action<ShardId, EngineException> ended,
        CancellationToken cancellationToken)
    {
        var set = new ShardSet(environment, handshakeProvider, environment.Settings.Shard.Count, ended);
        var witnesses = (await environment.Keyring.ReadWitnessesAsync(environment.Journal.StoreId, cancellationToken).ConfigureAwait(false))
            .ToDictionary(witness => witness.Shard);
        try
        {
            var starting = new Task[set.Count];
            for (var number = 0; number < set.Count; number++)
            {
                // Each as work of its own: a store that answers at once would have them recovered one after the other on this thread.
                var (one, done) = (number, new TaskCompletionSource(environment.Scheduler.Completion));
                environment.Scheduler.Post(_ => _ = set.StartAsync(one, witnesses, done, cancellationToken), null);
                starting[number] = done.Task;
            }

            await Task.WhenAll(starting).ConfigureAwait(false);
            return Array.Exists(set._shards, shard => shard is not null) ? set : throw set._down[0]!;
        }
        catch
        {
            await set.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    internal Shard Of(PeerKey peer) => At(_environment.Lookup.Of(peer));

    /// <exception cref="EngineException"><see cref="EngineErrorCode.ShardRecovering"/>; or why the shard stays down until an operator
    /// has looked: <see cref="EngineErrorCode.JournalCorrupt"/>, <see cref="EngineErrorCode.ShardFenced"/>.</exception>
    internal Shard At(int number) =>
        _shards[number] ?? throw (_down[number] ?? ShardErrors.Recovering(new ShardId(ShardId.DefaultGroup, number)));

    /// <summary>Finds a peer's shard unless it is recovering.</summary>
    internal Shard? Find(in PeerKey peer) => _shards[_environment.Lookup.Of(peer)];

    /// <summary>Finds a peer that is in memory, unless its shard is recovering.</summary>
    internal ResidentPeer? FindResident(in PeerKey peer) => _environment.Lookup.FindResident(peer, _shards);

    internal Shard? Find(int number) => number < _shards.Length ? _shards[number] : null;

    /// <summary>Drains and checkpoints every shard. One that cannot is left as a crash would leave it.</summary>
    internal async Task StopAsync()
    {
        _stopping.Cancel();     // in place: CancelAsync would use the pool
        await Task.WhenAll(Running.Select(StopAsync)).ConfigureAwait(false);
        await DisposeAsync().ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stopping.IsCancellationRequested)
        {
            _stopping.Cancel();     // in place: CancelAsync would use the pool
        }

        foreach (var shard in Running)
        {
            await shard.DisposeAsync().ConfigureAwait(false);
        }

        await Task.WhenAll(_supervisors).ConfigureAwait(false);
    }

    private async Task StopAsync(Shard shard)
    {
        try
        {
            await shard.StopAsync().ConfigureAwait(false);
        }
        catch (EngineException failure)
        {
            _ended(shard.Id, failure);      // the journal holds everything that was answered
        }
    }

    private async Task StartAsync(
        int number, Dictionary<ShardId, ShardWitness> witnesses, TaskCompletionSource done, CancellationToken cancellationToken)
    {
        try
        {
            await StartAsync(number, witnesses, cancellationToken).ConfigureAwait(false);
            done.TrySetResult();
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            done.TrySetException(failure);      // the start's, which waits for all of them
        }
    }

    private async Task StartAsync(int number, Dictionary<ShardId, ShardWitness> witnesses, CancellationToken cancellationToken)
    {
        var id = new ShardId(ShardId.DefaultGroup, number);
        try
        {
            var shard = await Shard.StartAsync(
                _environment, id, !_environment.IgnoresWitnesses && witnesses.TryGetValue(id, out var witness) ? witness : null, claim: null,
                _handshakeProvider, cancellationToken).ConfigureAwait(false);
            _shards[number] = shard;
            _supervisors[number] = SuperviseAsync(number, shard);
        }
        catch (EngineException damaged) when (damaged.Code == EngineErrorCode.JournalCorrupt)
        {
            _down[number] = damaged;
            _ended(id, damaged);
        }
    }

    private async Task SuperviseAsync(int number, Shard first)
    {
        var shard = first;
        for (var wait = RestartMillisMin; shard is not null; wait = Math.Min(RestartMillisMax, wait * 2))
        {
            var startedAt = _environment.Scheduler.MonotonicMillis;
            try
            {
                await shard.Ended.ConfigureAwait(false);
                return;     // stopped
            }
            catch (EngineException reason)
            {
                _shards[number] = null;
                _down[number] = StaysDown(reason) ? reason : null;
                _ended(shard.Id, reason);
            }

            await shard.DisposeAsync().ConfigureAwait(false);
            if (_down[number] is not null)
            {
                return;
            }

            if (_environment.Scheduler.MonotonicMillis - startedAt > RestartMillisMax)
            {
                wait = RestartMillisMin;
            }

            shard = await RestartAsync(number, shard.Id, shard.Fence, wait).ConfigureAwait(false);
        }
    }

    private async Task<Shard?> RestartAsync(int number, ShardId id, Fence fence, int wait)
    {
        var claim = new ShardClaim(id, fence);
        while (true)
        {
            try
            {
                await _environment.Scheduler.DelayAsync(TimeSpan.FromMilliseconds(wait), _stopping.Token).ConfigureAwait(false);
                var shard = await Shard.StartAsync(_environment, id, null, claim, _handshakeProvider, _stopping.Token).ConfigureAwait(false);
                if (_stopping.IsCancellationRequested)
                {
                    await shard.DisposeAsync().ConfigureAwait(false);
                    return null;
                }

                return _shards[number] = shard;
            }
            catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
            {
                return null;
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                // Whatever a journal or keyring throws: the shard is not given up while it may come back.
                var reason = failure as EngineException ?? ShardErrors.Broken(id, failure);
                _ended(id, reason);
                if (StaysDown(reason))
                {
                    _down[number] = reason;
                    return null;
                }

                wait = Math.Min(RestartMillisMax, wait * 2);
            }
        }
    }

    /// <summary>Damage does not heal by itself, and a shard that has another owner is not taken back from it.</summary>
    private static bool StaysDown(EngineException reason) =>
        reason.Code is EngineErrorCode.JournalCorrupt or EngineErrorCode.ShardFenced;
}
