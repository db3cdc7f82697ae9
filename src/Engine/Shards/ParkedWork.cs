using Kyberium.Engine.Sessions;
using Kyberium.Engine.Settings;

namespace Kyberium.Engine.Shards;

/// <summary>Work that waits for its peer: until it is in memory or, behind what forgets it, out of the store.</summary>
/// <remarks>It is out of the mailbox, and bounded as that is. The turn alone adds and takes.</remarks>
internal sealed class ParkedWork(ShardSettings settings)
{
    private readonly Dictionary<PeerKey, List<ShardWork>> _waiting = [];
    private int _count;
    private long _bytes;

    /// <summary>Gets whether more may be taken from the mailbox; anybody may ask.</summary>
    internal bool HasRoom => Volatile.Read(ref _count) < settings.MailboxCountMax && Volatile.Read(ref _bytes) < settings.MailboxBytesMax;

    /// <summary>Gets whether no peer is waited for.</summary>
    internal bool IsEmpty => _waiting.Count == 0;

    /// <summary>Adds work.</summary>
    /// <returns>Whether the peer was not waited for until now.</returns>
    internal bool Add(PeerKey peer, ShardWork work)
    {
        _count++;
        _bytes += work.Bytes;
        if (_waiting.TryGetValue(peer, out var waiting))
        {
            waiting.Add(work);
            return false;
        }

        _waiting[peer] = [work];
        return true;
    }

    /// <summary>Notes that a peer leaves: what is added for it waits until <see cref="TryForget"/> was asked.</summary>
    internal void Expect(PeerKey peer) => _waiting.TryAdd(peer, []);

    /// <summary>Ends the wait for a peer that nobody has work for.</summary>
    /// <returns>Whether nobody had.</returns>
    internal bool TryForget(PeerKey peer) => _waiting[peer].Count == 0 && _waiting.Remove(peer);

    /// <summary>Takes what waits for a peer, in the order it was added, and ends the wait.</summary>
    internal List<ShardWork> Take(PeerKey peer)
    {
        _waiting.Remove(peer, out var waiting);
        _count -= waiting!.Count;
        _bytes -= waiting.Sum(work => (long)work.Bytes);
        return waiting;
    }

    /// <summary>Takes everything.</summary>
    internal List<ShardWork> TakeAll()
    {
        List<ShardWork> all = [.. _waiting.Values.SelectMany(waiting => waiting)];
        _waiting.Clear();
        _count = 0;
        _bytes = 0;
        return all;
    }
}
