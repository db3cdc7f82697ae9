using Kyberium.Engine.Forwarding;
using Kyberium.Engine.Links;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Templates;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine;

public sealed partial class SessionEngine
{
    /// <summary>Does what other nodes ask of shards that are here. Nothing is sent on from here: who guessed wrong is told who has the shard.</summary>
    private sealed class NodeRequestHandler(SessionEngine engine) : IClusterRequestHandler
    {
        private readonly RecentAnswers _once = new(engine._scheduler);
        private readonly PassedOnExchanges _exchanges = new(engine._scheduler);
        private long _servedCount;
        private long _misdirectedCount;

        internal long ServedCount => Volatile.Read(ref _servedCount);

        internal long MisdirectedCount => Volatile.Read(ref _misdirectedCount);

        public async ValueTask<ClusterAnswer> HandleAsync(NodeId caller, ClusterRequest request, CancellationToken cancellationToken)
        {
            engine.ThrowIfStopping();
            if (!NodeRequestCodec.TryRead(request.Payload, out var asked, out var context, out var failure))
            {
                throw ForwardingErrors.RequestUnreadable(failure);
            }

            if (!IsHere(request.Shard, asked))
            {
                Interlocked.Increment(ref _misdirectedCount);
                return engine._router!.WrongOwner(request.Shard);
            }

            Interlocked.Increment(ref _servedCount);
            return asked.IsRepeatable
                ? await AnswerAsync(caller, request.Shard, asked, context, cancellationToken).ConfigureAwait(false)
                : await _once.OnceAsync(
                    request.Operation, () => AnswerAsync(caller, request.Shard, asked, context, asked is NodeRequest.Open ? CancellationToken.None : cancellationToken),
                    ClusterAnswer.Failed(EngineErrorCode.OutcomeUnknown, "it was done, and its answer was lost on the way")).ConfigureAwait(false);
        }

        private async Task<ClusterAnswer> AnswerAsync(
            NodeId node, ShardId shard, NodeRequest asked, CallerContext caller, CancellationToken cancellationToken)
        {
            try
            {
                return ClusterAnswer.Done(await DoAsync(node, shard.Number, asked, caller, cancellationToken).ConfigureAwait(false));
            }
            catch (EngineException failure) when (
                failure.Code == EngineErrorCode.ShardElsewhere || (failure.IsUndone && RequestRouter.IsElsewhere(failure.Code)))
            {
                return engine._router!.WrongOwner(shard);
            }
            catch (EngineException failure)
            {
                return ClusterAnswer.Failed(failure.Code, failure.Advice);
            }
        }

        private bool IsHere(ShardId shard, NodeRequest asked) => asked switch
        {
            NodeRequest.CreateIdentity or NodeRequest.RotateIdentity or NodeRequest.FinishRotation or NodeRequest.AddPeer or NodeRequest.AddPin
                or NodeRequest.RemovePeer => shard == ShardId.Directory && engine._directory.IsHere,
            _ => shard.Group == ShardId.DefaultGroup && engine._shards.Find(shard.Number) is not null,
        };

        private async Task<byte[]> DoAsync(NodeId node, int shard, NodeRequest asked, CallerContext caller, CancellationToken cancellationToken)
        {
            switch (asked)
            {
                case NodeRequest.Command command:
                    var peer = await OwnAsync(shard, command.Peer).ConfigureAwait(false);
                    engine.ThrowIfRefused(peer, command.Asked, caller);
                    var reply = await engine.AskHereAsync(peer, Checked(command.Asked), caller, cancellationToken).ConfigureAwait(false);
                    return NodeAnswerCodec.Write(reply.Number, NodeAnswerCodec.WriteNumber);
                case NodeRequest.Seal seal:
                    return await engine.SealHereAsync(await OwnAsync(shard, seal.Peer).ConfigureAwait(false), seal.Payload, cancellationToken).ConfigureAwait(false);
                case NodeRequest.Open open:
                    return NodeAnswerCodec.Write(await OpenAsync(shard, open.Envelope, cancellationToken).ConfigureAwait(false), NodeAnswerCodec.WriteOpened);
                case NodeRequest.Accept accept:
                    await engine.AcceptPassedOnAsync(accept.Envelope, accept.Source, ExchangeOf(node, accept), cancellationToken).ConfigureAwait(false);
                    return [];
                case NodeRequest.Collect collect:
                    return NodeAnswerCodec.Write(await CollectAsync(node, collect, cancellationToken).ConfigureAwait(false), NodeAnswerCodec.WriteDocuments);
                case NodeRequest.Show show:
                    return NodeAnswerCodec.Write(
                        await engine.LookAsync(await OwnAsync(shard, show.Peer).ConfigureAwait(false), Describe, cancellationToken).ConfigureAwait(false),
                        NodeAnswerCodec.WriteInfo);
                case NodeRequest.ListSetAside list:
                    var messages = await engine.ListSetAsideHereAsync(
                        await OwnAsync(shard, list.Peer).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
                    return NodeAnswerCodec.Write((messages, list.Skip), NodeAnswerCodec.WriteMessages);
                case NodeRequest.ReadSetAside read:
                    var among = await engine.ListSetAsideHereAsync(
                        await OwnAsync(shard, read.Peer).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
                    return NodeAnswerCodec.Write(
                        NodeAnswerCodec.PieceOf(among, read.Skip, read.Offset, NodeAnswerCodec.PageBytesMax), NodeAnswerCodec.WritePiece);
                case NodeRequest.ListDocuments list:
                    var documents = await engine.DocumentsHereAsync(await OwnAsync(shard, list.Peer).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
                    return NodeAnswerCodec.Write(documents, NodeAnswerCodec.WriteDocuments);
                case NodeRequest.ListPeers list:
                    var peers = await engine._shards.At(shard).ListPeersAsync(cancellationToken).ConfigureAwait(false);
                    return NodeAnswerCodec.Write((peers, list.Skip), NodeAnswerCodec.WritePeers);
                case NodeRequest.BeginStream begin:
                    var terms = await engine.StreamTermsHereAsync(
                        await OwnAsync(shard, begin.Peer).ConfigureAwait(false), begin.Operation, cancellationToken).ConfigureAwait(false);
                    return NodeAnswerCodec.Write(terms, NodeAnswerCodec.WriteTerms);
                default:
                    return await ActAsync(asked, caller, cancellationToken).ConfigureAwait(false);
            }
        }

        private async Task<byte[]> ActAsync(NodeRequest asked, CallerContext caller, CancellationToken cancellationToken)
        {
            var directory = engine._directory.Owned;
            switch (asked)
            {
                case NodeRequest.CreateIdentity create:
                    return Identity(await directory.CreateAsync(create.Name, create.Suites, caller).ConfigureAwait(false));
                case NodeRequest.RotateIdentity rotate:
                    return Identity(await directory.RotateAsync(rotate.Name, caller).ConfigureAwait(false));
                case NodeRequest.FinishRotation finish:
                    return Identity(await directory.FinishRotationAsync(finish.Name, caller).ConfigureAwait(false));
                case NodeRequest.AddPeer add:
                    await engine.AddPeerHereAsync(add.Peer, caller, cancellationToken).ConfigureAwait(false);
                    return [];
                case NodeRequest.AddPin add:
                    await engine.AddPinHereAsync(add.Peer, ParseDocument(add.Document), caller, cancellationToken).ConfigureAwait(false);
                    return [];
                case NodeRequest.RemovePeer remove:
                    await engine.RemovePeerHereAsync(remove.Peer, caller, cancellationToken).ConfigureAwait(false);
                    return [];
                default:
                    throw ForwardingErrors.RequestUnreadable($"{asked.GetType().Name} is not done here");
            }

            static byte[] Identity(IdentityInfo identity) => NodeAnswerCodec.Write(identity, NodeAnswerCodec.WriteIdentity);
        }

        private LinkExchange? ExchangeOf(NodeId node, NodeRequest.Accept accept) => accept.Exchange == Guid.Empty
            ? null
            : _exchanges.Of(node, accept.Exchange, () => new LinkExchange(
                engine._outlet.Returns, accept.Source, static (_, _, _) => throw Diagnostics.Invariant.Violated("a call to another node brings nothing here")));

        private async Task<IReadOnlyList<ReadOnlyMemory<byte>>> CollectAsync(NodeId node, NodeRequest.Collect collect, CancellationToken cancellationToken) =>
            _exchanges.TryFind(node, collect.Exchange) is { } exchange
                ? await exchange.CollectAsync(
                    Math.Min(collect.BytesMax, NodeAnswerCodec.PageBytesMax),
                    TimeSpan.FromMilliseconds(Math.Min(collect.WaitMillis, PassedOnExchanges.QuietMillisMax / 2)), cancellationToken).ConfigureAwait(false)
                : [];

        private Task<OpenedEnvelope> OpenAsync(int shard, ReadOnlyMemory<byte> envelope, CancellationToken cancellationToken)
        {
            if (!EnvelopeHeader.TryReadEnvelope(envelope.Span, out var header, out var failure))
            {
                throw WireErrors.Envelope(failure);
            }

            return header.Type is EnvelopeType.Data or EnvelopeType.FramedData && header.Receiver.Shard == shard
                ? engine.OpenHereAsync(envelope, header, Room(header, null), cancellationToken)
                : throw EngineErrors.NotData();
        }

        /// <summary>Takes a peer of the shard that the request was for, and of no other.</summary>
        private async Task<PeerKey> OwnAsync(int shard, PeerKey peer)
        {
            if (engine._shards.NumberOf(peer) != shard)
            {
                throw ForwardingErrors.RequestUnreadable($"'{peer}' is not of shard {shard} here: the count of shards differs");
            }

            await engine.KnowAsync(peer.Identity).ConfigureAwait(false);
            return peer;
        }

        /// <summary>Takes what the machine relies on: documents that have their fingerprints, policies that can be read.</summary>
        private static PeerCommand Checked(PeerCommand command)
        {
            var (pin, policy) = command switch
            {
                PeerCommand.Add add => (add.Pin, add.Policy),
                PeerCommand.AddPin add => (add.Pin, null),
                PeerCommand.ChangePolicy change => (null, change.Policy),
                _ => (default(Pin), default(Sessions.FrozenPolicy)),
            };
            if ((pin is not null && ParseDocument(pin.Document).Fingerprint != pin.Fingerprint)
                || (policy is not null && PolicyEncoding.TryDecode(policy.Encoded.Span, out _) != PolicyDecoding.Done))
            {
                throw ForwardingErrors.RequestUnreadable("its document or its policy is not one");
            }

            return command;
        }
    }

    /// <summary>Takes an envelope that another node of the cluster got from a peer.</summary>
    private async Task AcceptPassedOnAsync(
        ReadOnlyMemory<byte> envelope, string source, LinkExchange? exchange, CancellationToken cancellationToken)
    {
        if (!EnvelopeHeader.TryReadEnvelope(envelope.Span, out var header, out var failure))
        {
            throw WireErrors.Envelope(failure);
        }

        if (!_accepting.TryEnter())
        {
            throw EngineErrors.Stopping();
        }

        try
        {
            switch (header.Type)
            {
                case EnvelopeType.Handshake1 when await FindAddressedAsync(header.Incarnation).ConfigureAwait(false) is { } local:
                    // Counted and asked for its cookie where it came in.
                    await ReceiveAdmittedAsync(envelope, header, local, source, exchange, isPassedOn: true, cancellationToken).ConfigureAwait(false);
                    break;
                case EnvelopeType.Handshake2:
                    await ReceiveHandshake2Async(header, envelope, null, exchange, cancellationToken).ConfigureAwait(false);
                    break;
                case EnvelopeType.Handshake1 or EnvelopeType.CookieAnswer or EnvelopeType.CookieChallenge or EnvelopeType.Data or EnvelopeType.FramedData:
                    Refused("another node passed on what is not for this one");
                    break;
                default:
                    await ReceiveRecordAsync(header, envelope, null, exchange, cancellationToken).ConfigureAwait(false);
                    break;
            }
        }
        finally
        {
            _accepting.Exit();
        }
    }
}
