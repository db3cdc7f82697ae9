using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions.Handshake;

namespace Kyberium.Engine.Shards;

internal sealed partial class Shard
{
    /// <summary>How often sessions in memory are looked at whether they are heard in.</summary>
    private const long LookMillis = Sessions.PeerLimits.UnheardMillis / 3;

    private long _checkpointsFailed;
    private long _lookedAt;

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

    /// <summary>Gets how many checkpoints that nobody waited for have failed.</summary>
    internal long CheckpointsFailed => Volatile.Read(ref _checkpointsFailed);

    private Task CheckpointIfChangedAsync()
    {
        if (_stopping || _fault is not null)
        {
            return Task.CompletedTask;
        }

        LookForUnheard();
        return CheckpointInBackgroundAsync();
    }

    /// <summary>Volatile records ask for no answer: of a peer that has lost its session, and is only ever sent such, this alone tells.
    /// Who leaves memory between two looks is looked at then.</summary>
    private void LookForUnheard()
    {
        var now = _environment.Scheduler.MonotonicMillis;
        if (now - _lookedAt < LookMillis)
        {
            return;
        }

        _lookedAt = now;
        var wall = new Sessions.UnixMillis(_environment.Scheduler.UnixMillis);
        foreach (var traffic in _traffic.ToArray())
        {
            if (traffic.Peer.Sending == traffic)
            {
                AskIfUnheard(traffic, wall);
            }
        }
    }

    /// <summary>Looks whether an epoch that seals is heard in, and has the peer asked when it was not for long.</summary>
    /// <returns>Whether the peer is asked.</returns>
    private bool AskIfUnheard(EpochTraffic traffic, Sessions.UnixMillis now)
    {
        var isUnheard = traffic.IsUnheard(now);
        if (isUnheard)
        {
            PostInternal(new SilentPeerWork(traffic.Peer.Key, new Sessions.PeerCommand.Unheard(traffic.Epoch.LocalIndex)));
        }

        return isUnheard;
    }

    /// <summary>Nobody waits for this: a failure is logged and counted here. The next one covers what this one left.</summary>
    private async Task CheckpointInBackgroundAsync()
    {
        try
        {
            await CheckpointAsync().ConfigureAwait(false);
        }
        catch (EngineException failure)
        {
            if (failure.Code != EngineErrorCode.EngineStopping)
            {
                Interlocked.Increment(ref _checkpointsFailed);
                EngineLog.CheckpointFailed(_environment.Logger, Id.ToString(), failure.Message, failure);
            }
        }
    }
}
