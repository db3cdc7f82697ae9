using Kyberium.Engine.Sessions.Handshake;

namespace Kyberium.Engine.Shards;

/// <summary>How a shard begins: taken over, recovered, and given its timers.</summary>
internal sealed partial class Shard
{
    /// <summary>Takes a shard over and recovers it. Ready when this completes: what its peers have to do is on its way.</summary>
    /// <param name="witness">What the keyring remembers of the shard.</param>
    /// <param name="claim">Whose it was last, where it was this process's.</param>
    /// <param name="handshakeProvider">Replaces the real computations in a simulation.</param>
    internal static async Task<Shard> StartAsync(
        ShardEnvironment environment, ShardId id, ShardWitness? witness, ShardClaim? claim, IHandshakeProvider? handshakeProvider,
        CancellationToken cancellationToken)
    {
        var (store, recovery, audit) = await ShardStore.OpenAsync(environment, id, witness, claim, cancellationToken).ConfigureAwait(false);
        var shard = new Shard(environment, store, audit, ShardStore.Draw128(environment.Entropy), handshakeProvider)
        {
            RecoveredFacts = recovery.FactCount,
        };
        var recovered = recovery.Finish();
        if (recovered.Count > 0)
        {
            // Envelopes name these peers by receiver indices that have no rows yet: nobody may ask before they are in memory.
            var admitted = new TaskCompletionSource(environment.Scheduler.Completion);
            shard.PostInternal(new TurnWork(
                turn =>
                {
                    foreach (var peer in recovered)
                    {
                        shard.Admit(turn, peer);
                    }
                },
                () => admitted.TrySetResult(),
                reason => admitted.TrySetException(reason)));
            try
            {
                await admitted.Task.ConfigureAwait(false);
            }
            catch
            {
                await shard.DisposeAsync().ConfigureAwait(false);
                recovery.Dispose();
                throw;
            }
        }

        // A tail names only the peers of late: messages may wait for one that it does not.
        store.FindWaiting(peer => shard.PostInternal(new SilentPeerWork(peer, new Sessions.PeerCommand.Tick())));
        var interval = environment.Settings.Journal.CheckpointInterval;
        shard._checkpointTimer = environment.Scheduler.Time.CreateTimer(
            static state => _ = ((Shard)state!).CheckpointIfChangedAsync(), shard,
            interval * (id.Number + 1) / environment.Settings.Shard.Count, interval);      // shard by shard, not all at once
        return shard;
    }

    internal long RecoveredFacts { get; private init; }
}
