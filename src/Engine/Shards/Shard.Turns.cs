using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

/// <summary>The turn: on the scheduler or on a caller's thread, one at a time, it stages what waits and hands it on as one batch.</summary>
internal sealed partial class Shard
{
    private ShardTurn? _turn;
    private int _scheduled;
    private bool _readsHere;

    private void Schedule()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) == 0)
        {
            _environment.Scheduler.Post(static shard => ((Shard)shard!).Run(), this);
        }
    }

    /// <summary>Takes one turn on the caller's thread when none is taken: who has to wait for it anyhow need not wait for another thread. One peer is read
    /// in it, by a store that answers at once, before anybody else in the shard has a turn.</summary>
    private void RunHere()
    {
        if (Interlocked.Exchange(ref _scheduled, 1) != 0)
        {
            return;
        }

        try
        {
            _readsHere = true;
            TurnOnce();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            End(ShardErrors.Broken(Id, exception));     // as in Run
        }

        _readsHere = false;
        EndRun();
        if (_quiet is not null)
        {
            Schedule();     // who waits for the last turn is told by the one that finds nothing
        }
    }

    private void Run()
    {
        try
        {
            while (TurnOnce())
            {
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // A broken invariant: the shard's state is not to be trusted. Nothing of it was shown that is not durable.
            End(ShardErrors.Broken(Id, exception));
        }

        EndRun();
    }

    private void EndRun()
    {
        // A full fence: who added work before it and saw the turn scheduled must be seen here.
        Interlocked.Exchange(ref _scheduled, 0);
        if (HasWork && _open.HasRoom)
        {
            Schedule();
        }
    }

    // What TryTake would not take is not work: a shard that waits for peers to load must not spin.
    private bool HasWork =>
        !_internal.IsEmpty
        || (_open.Fault is null ? _parked.HasRoom && _mailbox.Count > 0 : _mailbox.Count > 0 || !_buried.Task.IsCompleted);

    private bool TurnOnce()
    {
        if (_open.Fault is { } fault)
        {
            Bury(fault);
            return false;
        }

        if (!_open.HasRoom)
        {
            return false;       // taken up again when a commit completes
        }

        var turn = _turn = new ShardTurn(this, _environment.Input());
        var settings = _environment.Settings.Shard;
        while (turn.Works.Count < settings.BatchCountMax && turn.Bytes < settings.BatchBytesMax && TryTake(out var work))
        {
            Stage(turn, work);
        }

        if (turn.Works.Count == 0)
        {
            _turn = null;
            if (!HasWork && _parked.IsEmpty)
            {
                _quiet?.TrySetResult();
            }

            return false;
        }

        turn.Settle();
        foreach (var touched in turn.Touched)
        {
            AfterSettle(turn, touched);
        }

        MakeRoom(turn);
        foreach (var touched in turn.Touched)
        {
            touched.Peer.Staging = null;    // only now: room is not made with a peer whose facts this batch still has to seal
        }

        Commit(turn);
        return true;
    }

    private bool TryTake(out ShardWork work)
    {
        if (_internal.TryDequeue(out work!))
        {
            return true;
        }

        return _parked.HasRoom && _mailbox.TryRead(out work!);
    }

    private void Stage(ShardTurn turn, ShardWork work)
    {
        if (work.Peer is not { } key)
        {
            turn.Add(work);
            work.Stage(turn, null);
        }
        else if (FindResident(key) is { } peer)
        {
            Stage(turn, work, peer);
        }
        else
        {
            Park(key, work);
        }
    }

    private void Stage(ShardTurn turn, ShardWork work, ResidentPeer peer)
    {
        if (peer.IsForgotten)
        {
            // What comes after is another peer's, even under the same name, and the store still shows the old one.
            _parked.Add(peer.Key, work);
            return;
        }

        turn.Add(work);
        work.Stage(turn, peer);
    }

    private void AfterSettle(ShardTurn turn, TouchedPeer touched)
    {
        var peer = touched.Peer;
        var facts = touched.Output.Events;
        if (facts.Count > 0)
        {
            foreach (var fact in facts)
            {
                switch (fact)
                {
                    case PeerEvent.Added:
                        peer.Vault = _store.NewVault(_environment.Entropy);
                        turn.Rows.Add(_store.VaultRow(peer, turn.Input.Wall));
                        break;
                    case PeerEvent.PolicyChanged:
                        peer.PolicyChanged();
                        break;
                    default:
                        break;
                }
            }
        }

        _ticks.Schedule(peer);
    }
}
