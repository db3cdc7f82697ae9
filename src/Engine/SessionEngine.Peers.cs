using System.Runtime.CompilerServices;
using System.Text;
using Kyberium.Engine.Forwarding;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Templates;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine;

public sealed partial class SessionEngine
{
    private readonly RecentOperations _removals = new();

    /// <summary>Creates an identity: draws its static keys and makes its public document.</summary>
    /// <param name="name">A name not used yet.</param>
    /// <param name="suites">The suites it gets keys for; <see langword="null"/>: the default hybrid one.</param>
    /// <param name="caller">For the audit record, and to repeat the call.</param>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.IdentityExists"/>.</exception>
    public Task<IdentityInfo> CreateIdentityAsync(
        IdentityName name, IReadOnlyList<Suite>? suites = null, CallerContext caller = default, CancellationToken cancellationToken = default)
    {
        ThrowIfStopping();
        caller.Check();
        var request = new NodeRequest.CreateIdentity(name, suites ?? [Suite.MLKem768P256]);
        return ActOnIdentityAsync(request, caller, owned => owned.CreateAsync(name, request.Suites, caller), cancellationToken);
    }

    /// <summary>Draws new static keys for an identity. Both generations are answered until
    /// <see cref="FinishIdentityRotationAsync"/>; give peers the new document meanwhile.</summary>
    public Task<IdentityInfo> RotateIdentityAsync(
        IdentityName name, CallerContext caller = default, CancellationToken cancellationToken = default)
    {
        ThrowIfStopping();
        caller.Check();
        return ActOnIdentityAsync(new NodeRequest.RotateIdentity(name), caller, owned => owned.RotateAsync(name, caller), cancellationToken);
    }

    /// <summary>Gives up an identity's older keys, once every peer has the new document.</summary>
    public Task<IdentityInfo> FinishIdentityRotationAsync(
        IdentityName name, CallerContext caller = default, CancellationToken cancellationToken = default)
    {
        ThrowIfStopping();
        caller.Check();
        return ActOnIdentityAsync(new NodeRequest.FinishRotation(name), caller, owned => owned.FinishRotationAsync(name, caller), cancellationToken);
    }

    /// <summary>Lists the identities. One that another node of the cluster has made is here within seconds.</summary>
    public IReadOnlyList<IdentityInfo> ListIdentities()
    {
        ThrowIfStopping();
        return _directory.Identities.List();
    }

    /// <summary>Shows one identity.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.IdentityUnknown"/>.</exception>
    public IdentityInfo GetIdentity(IdentityName name)
    {
        ThrowIfStopping();
        return _directory.Identities.Info(name);
    }

    /// <summary>Writes a public document as text for files and mail.</summary>
    public static string ArmorDocument(ReadOnlyMemory<byte> publicDocument) =>
        PublicDocumentArmor.Write(ParseDocument(publicDocument));

    /// <summary>Reads a public document from its bytes or its text form, and checks every key in it.</summary>
    /// <returns>Its canonical bytes.</returns>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.PublicDocumentInvalid"/>.</exception>
    public static ReadOnlyMemory<byte> ReadDocument(ReadOnlyMemory<byte> bytesOrText) => ParseDocument(bytesOrText).Bytes;

    /// <summary>Pins a peer by its public document and freezes a policy for it.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.PeerExists"/>: the name or one of the keys is pinned already;
    /// <see cref="EngineErrorCode.PublicDocumentInvalid"/>; <see cref="EngineErrorCode.IdentityUnknown"/>;
    /// <see cref="EngineErrorCode.TemplateInvalid"/>; <see cref="EngineErrorCode.PolicyForbids"/>: the template allows no suite that the document, and the identity,
    /// have keys for; <see cref="EngineErrorCode.RequestInvalid"/>: an address is too long, or there are too many.</exception>
    public async Task<PeerInfo> AddPeerAsync(
        NewPeer newPeer, CallerContext caller = default, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(newPeer);
        ThrowIfStopping();
        caller.Check();
        var asked = newPeer with
        {
            PublicDocument = ParseDocument(newPeer.PublicDocument).Bytes, Template = newPeer.Template ?? _settings.Templates.DefaultId,
            Addresses = AddressBounds.Checked(newPeer.Addresses),
        };
        _ = _templates.Get(asked.Template);
        await ActOnPeerAsync(
            new NodeRequest.AddPeer(asked), caller, caller => AddPeerHereAsync(asked, caller, cancellationToken), null, cancellationToken).ConfigureAwait(false);
        _outlet.Collector?.Add(new PeerKey(newPeer.Identity, newPeer.Peer));
        return await GetPeerAsync(newPeer.Peer, newPeer.Identity, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Pins a second document of a peer that replaces its keys; the old one goes when the new one has been used.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.PolicyForbids"/>: two are pinned already, or the peer's policy allows no suite that the document,
    /// and the identity, have keys for.</exception>
    public async Task<PeerInfo> AddPinAsync(
        PeerId peer, ReadOnlyMemory<byte> publicDocument, IdentityName? identity = null, CallerContext caller = default,
        CancellationToken cancellationToken = default)
    {
        ThrowIfStopping();
        caller.Check();
        var key = Key(peer, identity);
        var document = ParseDocument(publicDocument);
        await ActOnPeerAsync(
            new NodeRequest.AddPin(key, document.Bytes), caller, caller => AddPinHereAsync(key, document, caller, cancellationToken), null, cancellationToken)
            .ConfigureAwait(false);
        return await GetPeerAsync(peer, identity, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Says where a peer listens, preferred first: at most 64 addresses of at most 2,048 bytes each, as UTF-8.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.RequestInvalid"/>: there are more, or one is longer.</exception>
    public async Task SetAddressesAsync(
        PeerId peer, IReadOnlyList<string> addresses, IdentityName? identity = null, CallerContext caller = default,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(addresses);
        await AskAsync(Key(peer, identity), new PeerCommand.SetAddresses(AddressBounds.Checked(addresses)), caller, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Freezes another template's policy for a peer.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.PolicyForbids"/>: it allows no suite that a pinned document, and the identity, have keys for.</exception>
    public async Task SetTemplateAsync(
        PeerId peer, string template, IdentityName? identity = null, CallerContext caller = default,
        CancellationToken cancellationToken = default) =>
        await AskAsync(
            Key(peer, identity), new PeerCommand.ChangePolicy(Freeze(_templates.Get(template))), caller, cancellationToken)
            .ConfigureAwait(false);

    /// <summary>Stops all traffic with a peer; its queue is kept.</summary>
    public async Task SuspendPeerAsync(
        PeerId peer, IdentityName? identity = null, CallerContext caller = default, CancellationToken cancellationToken = default) =>
        await AskAsync(Key(peer, identity), new PeerCommand.Suspend(), caller, cancellationToken).ConfigureAwait(false);

    /// <summary>Lets a suspended peer go on.</summary>
    public async Task ResumePeerAsync(
        PeerId peer, IdentityName? identity = null, CallerContext caller = default, CancellationToken cancellationToken = default) =>
        await AskAsync(Key(peer, identity), new PeerCommand.Resume(), caller, cancellationToken).ConfigureAwait(false);

    /// <summary>Lets messages go out that were held back because the peer came without its state.</summary>
    public async Task ReleasePeerAsync(
        PeerId peer, IdentityName? identity = null, CallerContext caller = default, CancellationToken cancellationToken = default) =>
        await AskAsync(Key(peer, identity), new PeerCommand.Release(), caller, cancellationToken).ConfigureAwait(false);

    /// <summary>Starts a new delivery stream after one store went back in time. Outgoing: open messages are sent again in it.
    /// Incoming: a stream that stands still is let go, and the peer's is taken up where the peer stands; one that does not stand still is left as it is.</summary>
    public async Task ResetStreamAsync(
        PeerId peer, bool outgoing = true, bool incoming = true, IdentityName? identity = null, CallerContext caller = default,
        CancellationToken cancellationToken = default) =>
        await AskAsync(Key(peer, identity), new PeerCommand.ResetStream(outgoing, incoming), caller, cancellationToken).ConfigureAwait(false);

    /// <summary>Forgets a peer: its key at rest is destroyed, and with it everything stored of it.</summary>
    public async Task RemovePeerAsync(
        PeerId peer, IdentityName? identity = null, CallerContext caller = default, CancellationToken cancellationToken = default)
    {
        ThrowIfStopping();
        caller.Check();
        var key = Key(peer, identity);
        await ActOnPeerAsync(
            new NodeRequest.RemovePeer(key), caller, caller => RemovePeerHereAsync(key, caller, cancellationToken), EngineErrorCode.PeerUnknown, cancellationToken)
            .ConfigureAwait(false);
        _outlet.Forget(key);
    }

    /// <summary>Shows a peer.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.PeerUnknown"/>.</exception>
    public Task<PeerInfo> GetPeerAsync(PeerId peer, IdentityName? identity = null, CancellationToken cancellationToken = default)
    {
        var key = Key(peer, identity);
        return CallAsync(
            key, () => LookAsync(key, Describe, cancellationToken), new NodeRequest.Show(key), NodeAnswerCodec.ReadInfo, cancellationToken: cancellationToken);
    }

    /// <summary>Lists the peers of every identity, shard by shard. Peers that are not in memory are not brought there.</summary>
    public async IAsyncEnumerable<(IdentityName Identity, PeerId Peer)> ListPeersAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ThrowIfStopping();
        for (var number = 0; number < _shards.Count; number++)
        {
            foreach (var peer in await ListPeersOfAsync(number, cancellationToken).ConfigureAwait(false))
            {
                yield return (peer.Identity, peer.Peer);
            }
        }
    }

    /// <summary>Writes a checkpoint of every shard that is here now. One that stays down has none.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.ShardRecovering"/>: the others have theirs.</exception>
    public async Task CheckpointAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfStopping();
        var recovering = _shards.Recovering.ToList();
        await Task.WhenAll(_shards.Running.Select(shard => shard.CheckpointAsync())).WaitAsync(cancellationToken).ConfigureAwait(false);
        if (recovering.Count > 0)
        {
            throw ShardErrors.Recovering(recovering[0]);
        }
    }

    private Task AddPeerHereAsync(NewPeer newPeer, CallerContext caller, CancellationToken cancellationToken)
    {
        var (peer, document) = (new PeerKey(newPeer.Identity, newPeer.Peer), ParseDocument(newPeer.PublicDocument));
        var add = new PeerCommand.Add(
            new Pin(document.Fingerprint, document.Bytes, Proved: false), Freeze(_templates.Get(newPeer.Template!)), [.. newPeer.Addresses],
            _environment.Generation);
        ThrowIfNoSuite(peer, add.Policy, [add.Pin]);        // before a key is claimed for it
        return AskClaimingAsync(peer, document, add, caller, cancellationToken);
    }

    private Task AddPinHereAsync(PeerKey peer, PublicDocument document, CallerContext caller, CancellationToken cancellationToken) =>
        AskClaimingAsync(peer, document, new PeerCommand.AddPin(new Pin(document.Fingerprint, document.Bytes, Proved: false)), caller, cancellationToken);

    private async Task RemovePeerHereAsync(PeerKey peer, CallerContext caller, CancellationToken cancellationToken)
    {
        if (_removals.Contains(peer, caller.Operation))
        {
            return;
        }

        var documents = await DocumentsOfAsync(peer, cancellationToken).ConfigureAwait(false);
        await AskAsync(peer, new PeerCommand.Forget(), caller, cancellationToken).ConfigureAwait(false);
        _removals.Add(peer, caller.Operation);
        foreach (var document in documents)
        {
            await _directory.Owned.ReleaseAsync(peer, document).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Reserves a document's keys, lets the peer pin it, and keeps the claim only as long as a pin stands behind it.</summary>
    private async Task AskClaimingAsync(
        PeerKey peer, PublicDocument document, PeerCommand command, CallerContext caller, CancellationToken cancellationToken)
    {
        ThrowIfStopping();
        var directory = _directory.Owned;
        await directory.ClaimAsync(peer, document, PinsOfAsync).ConfigureAwait(false);
        try
        {
            await AskAsync(peer, command, caller, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            directory.EndClaim(peer);
        }
    }

    private async Task<IReadOnlyList<PublicDocument>> PinsOfAsync(PeerKey peer)
    {
        try
        {
            return await DocumentsOfAsync(peer, CancellationToken.None).ConfigureAwait(false);
        }
        catch (EngineException unknown) when (unknown.Code == EngineErrorCode.PeerUnknown)
        {
            return [];
        }
    }

    private async Task<IReadOnlyList<PublicDocument>> DocumentsOfAsync(PeerKey peer, CancellationToken cancellationToken)
    {
        var documents = await CallAsync(
            peer, () => DocumentsHereAsync(peer, cancellationToken), new NodeRequest.ListDocuments(peer), NodeAnswerCodec.ReadDocuments,
            cancellationToken: cancellationToken).ConfigureAwait(false);
        return [.. documents.Select(ParseDocument)];
    }

    private async Task<IReadOnlyList<ReadOnlyMemory<byte>>> DocumentsHereAsync(PeerKey peer, CancellationToken cancellationToken)
    {
        var pins = await LookAsync(peer, resident => resident.State.Pins, cancellationToken).ConfigureAwait(false);
        return await _shards.Of(peer).ReadDocumentsAsync(peer, pins).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private static PublicDocument ParseDocument(ReadOnlyMemory<byte> bytesOrText)
    {
        if (PublicDocument.TryRead(bytesOrText.Span, out var document, out var failure))
        {
            return document;
        }

        return bytesOrText.Length <= PublicDocumentArmor.LengthMax && bytesOrText.Span.StartsWith("-----"u8)
            && PublicDocumentArmor.TryRead(Encoding.UTF8.GetString(bytesOrText.Span), out document, out failure)
            ? document
            : throw WireErrors.PublicDocument(failure);
    }

    private Sessions.FrozenPolicy Freeze(Template template)
    {
        var encoded = PolicyEncoding.Encode(new Templates.FrozenPolicy(template.Ref, template.Policy));
        return _environment.Policies.Shared(new Sessions.FrozenPolicy(template.Ref.Id, template.Ref.Version, encoded), _settings);
    }

    private static PeerInfo Describe(ResidentPeer peer)
    {
        var state = peer.State;
        return new PeerInfo
        {
            Identity = peer.Key.Identity,
            Peer = peer.Key.Peer,
            Status = state.Suspended ? PeerStatus.Suspended : state.Held ? PeerStatus.Held : PeerStatus.Active,
            Pins = [.. state.Pins.Select(pin => pin.Fingerprint)],
            Addresses = state.Addresses,
            Template = $"{state.Policy.TemplateId}@{state.Policy.TemplateVersion}",
            Session = state.Sending?.Id.ToString() ?? string.Empty,
            Suite = state.Sending?.Suite,
            Epoch = state.Sending?.Current.Number.Value ?? 0,
            OutboxCount = state.Outgoing.Count,
            NextNumber = state.Outgoing.Next,
            InboxCount = state.Incoming.UnhandledCount,
            SetAsideCount = state.Incoming.UnhandledCount == 0 ? 0 : state.Incoming.Unhandled.Count(message => message.SetAside),
            AcceptedThrough = state.Incoming.Expected - 1,
            OutgoingStopped = state.Outgoing.Stopped?.ToString() ?? string.Empty,
            IncomingStopped = state.Incoming.Stopped?.ToString() ?? string.Empty,
        };
    }
}
