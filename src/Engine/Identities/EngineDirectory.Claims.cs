using System.Security.Cryptography;
using System.Text;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Identities;

/// <summary>Which public key belongs to which peer. Claims that wait together share a commit.</summary>
internal sealed partial class EngineDirectory
{
    private const int ClaimsPerCommitMax = 64;
    private const long ClaimMillisMax = 60_000;

    private readonly Lock _gathering = new();
    private List<Claim>? _gathered;     // waits on the lane, with nothing behind it but claims that joined it
    private bool _isClosed;

    /// <summary>Reserves a document's fingerprint and keys for a peer, so that each is pinned once.</summary>
    /// <param name="peer">For whom; until <see cref="EndClaim"/> the claim holds although the peer does not pin the document yet.</param>
    /// <param name="document">What it will pin.</param>
    /// <param name="pinsOf">Gives the documents a peer pins now; none when it does not exist. A claim that outlived its pin is taken over.</param>
    internal Task ClaimAsync(PeerKey peer, PublicDocument document, Func<PeerKey, Task<IReadOnlyList<PublicDocument>>> pinsOf)
    {
        var claim = new Claim(peer, document, pinsOf, new TaskCompletionSource(_scheduler.Completion));
        lock (_gathering)
        {
            if (_isClosed)
            {
                return Task.FromException(Closed());
            }

            if (_gathered is null or { Count: ClaimsPerCommitMax })
            {
                List<Claim> claims = [];
                _gathered = claims;
                _lane.Enqueue(() => CommitClaimsAsync(claims));
            }

            _gathered.Add(claim);
        }

        return claim.Done.Task;
    }

    /// <summary>The peer pins what it claimed, or was refused: its pins alone count from now on.</summary>
    internal void EndClaim(PeerKey peer)
    {
        while (_claiming.TryGetValue(peer, out var count)
            && !(count == 1 ? _claiming.TryRemove(new(peer, 1)) : _claiming.TryUpdate(peer, count - 1, count)))
        {
            // Another claim of the same peer began or ended in between.
        }
    }

    /// <summary>Gives a document's keys free again.</summary>
    internal Task ReleaseAsync(PeerKey peer, PublicDocument document) => RunAsync(async () =>
    {
        await CommitAsync([.. RowsOf(peer.Identity, document).Select(key => new RowChange(key, null))]).ConfigureAwait(false);
        return true;
    });

    /// <summary>Finds the peer that is pinned by a fingerprint.</summary>
    internal Task<PeerKey?> FindPeerAsync(IdentityName identity, Fingerprint fingerprint) =>
        RunAsync(() => OwnerAsync(FingerprintRow(identity, fingerprint)));

    /// <summary>Takes nothing more: what is on the lane is the last that finds its keys.</summary>
    private void CloseLane()
    {
        lock (_gathering)
        {
            _isClosed = true;
        }
    }

    private async Task CommitClaimsAsync(List<Claim> claims)
    {
        lock (_gathering)
        {
            _gathered = _gathered == claims ? null : _gathered;     // from here on nobody joins
        }

        var granted = new List<Claim>();
        var owners = new Dictionary<RowKey, PeerKey>();
        try
        {
            foreach (var claim in claims)
            {
                try
                {
                    foreach (var key in await CheckAsync(claim, owners).ConfigureAwait(false))
                    {
                        owners[key] = claim.Peer;
                    }

                    granted.Add(claim);
                }
                catch (Exception failure) when (failure is not OutOfMemoryException)
                {
                    claim.Done.TrySetException(failure);        // this one's alone
                }
            }

            if (granted.Count > 0)
            {
                await CommitAsync([.. owners.Select(row => OwnerRow(row.Key, row.Value))]).ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            granted.ForEach(claim => claim.Done.TrySetException(failure));      // whoever asked hears of it
            return;
        }

        foreach (var claim in granted)
        {
            _claiming.AddOrUpdate(claim.Peer, 1, static (_, count) => count + 1);
            claim.Done.TrySetResult();
        }
    }

    /// <summary>Says which rows a claim takes, or refuses it.</summary>
    /// <param name="claim">Whose.</param>
    /// <param name="granted">The rows that claims before it in the same commit take.</param>
    private async Task<List<RowKey>> CheckAsync(Claim claim, Dictionary<RowKey, PeerKey> granted)
    {
        var (peer, document) = (claim.Peer, claim.Document);
        _identities.Get(peer.Identity);
        if (_identities.HasKeyOf(document))
        {
            throw DirectoryErrors.OwnKey();
        }

        var keys = RowsOf(peer.Identity, document).ToList();
        foreach (var key in keys)
        {
            if (granted.TryGetValue(key, out var other) && other != peer)
            {
                throw DirectoryErrors.KeyPinned(other);
            }

            if (await OwnerAsync(key).ConfigureAwait(false) is not { } owner || owner == peer)
            {
                continue;
            }

            if (_claiming.ContainsKey(owner)
                || (await claim.PinsOf(owner).ConfigureAwait(false)).Any(pinned => RowsOf(owner.Identity, pinned).Contains(key)))
            {
                throw DirectoryErrors.KeyPinned(owner);
            }

            if (_scheduler.MonotonicMillis < _claimsSettledAt)
            {
                throw DirectoryErrors.ClaimOpen(owner);     // the owner before this one may have granted it a moment ago
            }
        }

        return keys;
    }

    private RowChange OwnerRow(RowKey key, PeerKey owner)
    {
        var writer = new StateWriter();
        EventCodec.WritePeer(writer, owner);
        return new RowChange(key, _sealer.SealRow(key, writer.Written, _scheduler.UnixMillis));
    }

    private async Task<PeerKey?> OwnerAsync(RowKey key)
    {
        if (await _journal.ReadRowAsync(ShardId.Directory, key).ConfigureAwait(false) is not { } bytes)
        {
            return null;
        }

        return ReadOwner(await _opener.OpenRowAsync(new JournalRow(key, bytes), default).ConfigureAwait(false));
    }

    internal static PeerKey ReadOwner(ReadOnlyMemory<byte> plaintext)
    {
        var reader = new StateReader(plaintext);
        return EventCodec.ReadPeer(ref reader);
    }

    private static IEnumerable<RowKey> RowsOf(IdentityName identity, PublicDocument document)
    {
        yield return FingerprintRow(identity, document.Fingerprint);
        foreach (var suite in document.Suites.InOrder())
        {
            yield return Row(KeyClass, [.. Encoding.ASCII.GetBytes(identity.Value), 0, .. document.KeyOf(suite)!.Bytes.Span]);
        }
    }

    internal static RowKey FingerprintRow(IdentityName identity, Fingerprint fingerprint) =>
        Row(FingerprintClass, [.. Encoding.ASCII.GetBytes(identity.Value), 0, .. fingerprint.Bytes]);

    private static RowKey Row(byte rowClass, ReadOnlySpan<byte> named)
    {
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(named, hash);
        return new RowKey(RowKind.Directory, new[] { rowClass }.Concat(hash[..16].ToArray()).ToArray());
    }

    private sealed record Claim(
        PeerKey Peer, PublicDocument Document, Func<PeerKey, Task<IReadOnlyList<PublicDocument>>> PinsOf, TaskCompletionSource Done);
}
