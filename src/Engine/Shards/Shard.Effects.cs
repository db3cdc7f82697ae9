using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>What is done for a batch that is durable, and what is computed beside the turn.</summary>
internal sealed partial class Shard
{
    /// <summary>Does what a durable batch decided: reservations, then effects, then answers.</summary>
    private void Perform(ShardTurn turn)
    {
        if (!Lease.MayServe)
        {
            var over = ShardErrors.LeaseLost(Id);       // what is durable is, and whoever asks again learns it from the next owner
            End(over);
            turn.Fail(over);
            return;
        }

        foreach (var action in turn.AfterDurable)
        {
            action();
        }

        foreach (var touched in turn.Touched)
        {
            foreach (var effect in touched.Output.Effects)
            {
                Perform(touched.Peer, effect);
            }

            if (touched.SendingChanged)
            {
                touched.Peer.Sending = touched.SendingAfter;
            }
        }

        if (turn.Commit is { Record: not null } commit)
        {
            foreach (var auditEvent in turn.Audit)
            {
                _environment.Audit.Log(auditEvent);
            }

            _audit?.Durable(commit.Position);
        }

        Metrics.Performed(turn.Works.Count);
        foreach (var work in turn.Works)
        {
            work.Complete();
        }

        foreach (var waiter in turn.Settled)
        {
            waiter.Complete();
        }

        if (!turn.Overtakes)
        {
            CountOpen(turn, -1);        // last: nothing of these peers overtakes what was answered here
        }
    }

    /// <summary>Counts a batch among those that its peers have open: until it is performed they stay in memory, and later batches of theirs wait behind it.</summary>
    private static void CountOpen(ShardTurn turn, int change)
    {
        foreach (var touched in turn.Touched)
        {
            Interlocked.Add(ref touched.Peer.TurnsOpen, change);
        }

        foreach (var peer in turn.Snapshots)
        {
            Interlocked.Add(ref peer.TurnsOpen, change);
        }
    }

    private void Perform(ResidentPeer peer, PeerEffect effect)
    {
        switch (effect)
        {
            case PeerEffect.Seal seal:
                Seal(peer, seal);
                break;
            case PeerEffect.Knock knock:
                if (Sealed(peer, knock.Epoch, EnvelopeType.RekeyCarrier, default) is { } calling)
                {
                    _environment.Outlet.Knock(peer.Key, peer.State.Addresses, calling);
                }

                break;
            case PeerEffect.SendingChanged:
                _environment.Outlet.SendingChanged(peer.Key);
                break;
            case PeerEffect.Transmit transmit:
                _environment.Outlet.Enqueue(
                    peer.Key, peer.State.Addresses, transmit.Envelope.ToArray(), transmit.Envelope.Length);
                break;
            case PeerEffect.Compute compute:
                Compute(peer, compute.Task);
                break;
            case PeerEffect.ListenHandshake listen:
                _handshakes[listen.Index] = peer.Key;
                break;
            case PeerEffect.ForgetHandshake forget:
                _handshakes.TryRemove(forget.Index, out _);
                break;
            case PeerEffect.Forget forget:
                if (_traffic.Find(forget.Epoch.LocalIndex) is { } gone)
                {
                    _traffic.Remove(gone);
                    gone.Dispose();
                }

                break;
            case PeerEffect.StopByAge stop:
                (stop.Epoch.Traffic as EpochTraffic)?.StopByAge();
                break;
            case PeerEffect.Watch watch:
                if (watch.Epoch.Traffic is EpochTraffic watched)
                {
                    watched.IsWatched = true;
                }

                break;
            case PeerEffect.HandshakeCompleted completed:
                _environment.HandshakeCompleted(completed.Source);
                break;
            case PeerEffect.InboxReady:
                _environment.Inbox.Ready(this, peer);
                break;
            case PeerEffect.TransferAborted aborted:
                _environment.Transfers.Refuse(peer.Key, aborted.Transfer);
                break;
            case PeerEffect.OutboxAdvanced advanced:
                _environment.OutboxRoom.Made(peer.Key, Number, advanced.Count);
                break;
            case PeerEffect.Expired:
                _environment.OutboxRoom.Made(peer.Key, Number, 1);
                break;
            default:
                break;      // Listen, SendingChanged, ConnectSettled, EpochWaitEnded and reports were seen while staging
        }
    }

    private void Seal(ResidentPeer peer, PeerEffect.Seal seal)
    {
        if (Sealed(peer, seal.Epoch, seal.Type, seal.Plaintext) is { } envelope)
        {
            _environment.Outlet.Enqueue(peer.Key, peer.State.Addresses, envelope, envelope.Length);
        }
    }

    private byte[]? Sealed(ResidentPeer peer, EpochState epoch, EnvelopeType type, ReadOnlyMemory<byte> plaintext)
    {
        if (epoch.Traffic is not EpochTraffic traffic)
        {
            return null;
        }

        var envelope = new byte[plaintext.Length + EnvelopeHeader.RecordOverhead];
        lock (traffic.Gate)
        {
            // At a hard limit a message stays in the outbox: it is sent again under the next epoch, whose rekey is asked for.
            if (traffic.IsDisposed
                || traffic.Sending.TrySeal(type, plaintext.Span, default, envelope, out _) != SealOutcome.Sealed)
            {
                return null;
            }

            if (!traffic.RekeyAsked && traffic.Sending.WantsRekey)
            {
                traffic.RekeyAsked = true;
                PostInternal(new SilentPeerWork(peer.Key, new PeerCommand.RekeyDue(traffic.Epoch.LocalIndex)));
            }
        }

        _environment.Keyed.Used(traffic);
        return envelope;
    }

    private HandshakeResult RunHandshake(HandshakeTask task)
    {
        using var activity = EngineActivities.Handshake(StepOf(task));
        try
        {
            return _handshakeProvider.Run(task, _environment.Entropy);
        }
        catch (ObjectDisposedException)
        {
            // The machine gave up meanwhile what this was computed from: its attempt, or the epoch a rekey is chained to.
            return HandshakeResult.Failed.Instance;
        }
    }

    private static string StepOf(HandshakeTask task) => task switch
    {
        HandshakeTask.Start => "start",
        HandshakeTask.Finish => "finish",
        HandshakeTask.Answer => "answer",
        _ => "answer-rekey",
    };

    /// <summary>Has a handshake computed beside the turn, with the peer's document, which an idle peer has in the store only.</summary>
    private void Compute(ResidentPeer peer, HandshakeTask task)
    {
        if (task.Peer is not { Document.IsEmpty: true } pin)
        {
            _environment.Scheduler.Post(_ => Compute(peer.Key, task, task), null);
        }
        else if (_environment.Documents.Find(pin.Fingerprint) is { } known)
        {
            _environment.Scheduler.Post(_ => Compute(peer.Key, task, task.With(known.Bytes)), null);
        }
        else
        {
            _store.ReadDocument(peer.Hash, pin.Fingerprint, (document, failure) =>
            {
                if (failure is not null)
                {
                    EngineLog.DocumentNotRead(_environment.Logger, peer.Key.ToString(), Id.ToString(), failure.Message, failure);
                }

                _environment.Scheduler.Post(_ => Compute(peer.Key, task, document is { } read ? task.With(read) : null), null);
            });
        }
    }

    /// <summary>Computes, and posts what came of it.</summary>
    /// <param name="peer">Whose handshake it is.</param>
    /// <param name="task">What was asked for.</param>
    /// <param name="ready">The same with the peer's document; <see langword="null"/>: there is none to be had, and the attempt fails.</param>
    private void Compute(PeerKey peer, HandshakeTask task, HandshakeTask? ready)
    {
        // An opened message 1 serves for one answer only, whatever comes of that.
        using var opened = (task as HandshakeTask.Answer)?.Opened;
        if (!_computing.TryEnter())
        {
            return;
        }

        try
        {
            var result = ready is null ? HandshakeResult.Failed.Instance : RunHandshake(ready);
            PostInternal(new SilentPeerWork(peer, new PeerCommand.HandshakeComputed(task, result)));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            End(ShardErrors.Broken(Id, exception));
        }
        finally
        {
            _computing.Exit();
        }
    }
}
