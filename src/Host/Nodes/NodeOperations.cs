using Kyberium.Host.Documents;

namespace Kyberium.Host.Nodes;

/// <summary>Everything that can be asked of a node. docs/formats/control-socket.md lists the same names.</summary>
internal static class NodeOperations
{
    internal static NodeOperation<Nothing, NodeDocument> Describe { get; } =
        new("describe", (node, _, _, _) => Task.FromResult(node.Describe()));

    internal static NodeOperation<IdentityCreation, IdentityDocument> CreateIdentity { get; } =
        new("identity/create", (node, request, caller, stop) => node.CreateIdentityAsync(request, caller, stop));

    internal static NodeOperation<Nothing, IdentityList> ListIdentities { get; } =
        new("identity/list", (node, _, _, _) => node.ListIdentitiesAsync());

    internal static NodeOperation<IdentityReference, IdentityDocument> ShowIdentity { get; } =
        new("identity/show", (node, request, _, _) => node.ShowIdentityAsync(request));

    internal static NodeOperation<IdentityRotation, IdentityDocument> RotateIdentity { get; } =
        new("identity/rotate", (node, request, caller, stop) => node.RotateIdentityAsync(request, caller, stop));

    internal static NodeOperation<PeerAddition, PeerDocument> AddPeer { get; } =
        new("peer/add", (node, request, caller, stop) => node.AddPeerAsync(request, caller, stop));

    internal static NodeOperation<Nothing, PeerList> ListPeers { get; } =
        new("peer/list", (node, _, _, stop) => node.ListPeersAsync(stop));

    internal static NodeOperation<PeerReference, PeerDocument> ShowPeer { get; } =
        new("peer/show", (node, request, _, stop) => node.ShowPeerAsync(request, stop));

    internal static NodeOperation<PeerReference, PeerDocument> SuspendPeer { get; } =
        new("peer/suspend", (node, request, caller, stop) => node.SuspendPeerAsync(request, caller, stop));

    internal static NodeOperation<PeerReference, PeerDocument> ResumePeer { get; } =
        new("peer/resume", (node, request, caller, stop) => node.ResumePeerAsync(request, caller, stop));

    internal static NodeOperation<PeerReference, PeerDocument> ReleasePeer { get; } =
        new("peer/release", (node, request, caller, stop) => node.ReleasePeerAsync(request, caller, stop));

    internal static NodeOperation<PeerReference, Nothing> RemovePeer { get; } =
        new("peer/remove", (node, request, caller, stop) => node.RemovePeerAsync(request, caller, stop));

    internal static NodeOperation<StreamReset, PeerDocument> ResetStream { get; } =
        new("peer/reset-stream", (node, request, caller, stop) => node.ResetStreamAsync(request, caller, stop));

    internal static NodeOperation<PeerPin, PeerDocument> PinPeer { get; } =
        new("peer/pin", (node, request, caller, stop) => node.PinPeerAsync(request, caller, stop));

    internal static NodeOperation<PeerAddresses, PeerDocument> SetAddresses { get; } =
        new("peer/address", (node, request, caller, stop) => node.SetAddressesAsync(request, caller, stop));

    internal static NodeOperation<Sending, SentDocument> Send { get; } =
        new("send", (node, request, caller, stop) => node.SendAsync(request, caller, stop));

    internal static NodeOperation<MessageReference, Nothing> Acknowledge { get; } =
        new("acknowledge", (node, request, _, stop) => node.AcknowledgeAsync(request, stop));

    internal static NodeOperation<MessageReference, Nothing> Reject { get; } =
        new("reject", (node, request, _, stop) => node.RejectAsync(request, stop));

    internal static NodeOperation<PeerReference, MessageList> ListDeadLetters { get; } =
        new("dead-letters/list", (node, request, _, stop) => node.ListDeadLettersAsync(request, stop));

    internal static NodeOperation<MessageReference, Nothing> RetryDeadLetter { get; } =
        new("dead-letters/retry", (node, request, caller, stop) => node.RetryDeadLetterAsync(request, caller, stop));

    internal static NodeOperation<MessageReference, Nothing> DropDeadLetter { get; } =
        new("dead-letters/drop", (node, request, caller, stop) => node.DropDeadLetterAsync(request, caller, stop));

    internal static NodeOperation<PeerReference, PeerDocument> Connect { get; } =
        new("connect", (node, request, caller, stop) => node.ConnectAsync(request, caller, stop));

    internal static NodeOperation<PeerReference, PeerDocument> Rekey { get; } =
        new("rekey", (node, request, caller, stop) => node.RekeyAsync(request, caller, stop));

    internal static NodeOperation<PeerReference, PeerDocument> Close { get; } =
        new("close", (node, request, caller, stop) => node.CloseAsync(request, caller, stop));

    internal static NodeOperation<Nothing, Nothing> Checkpoint { get; } =
        new("checkpoint", (node, _, _, stop) => node.CheckpointAsync(stop));

    internal static NodeOperation<BackupRequest, BackupDocument> Backup { get; } =
        new("backup", (node, request, _, stop) => node.BackupAsync(request, stop));

    internal static NodeOperation<InspectionRequest, StoreDocument> Inspect { get; } =
        new("inspect", (node, request, _, stop) => node.InspectAsync(request, stop));

    /// <summary>Gets all of them, each once.</summary>
    internal static IReadOnlyList<NodeOperation> All { get; } =
    [
        Describe, CreateIdentity, ListIdentities, ShowIdentity, RotateIdentity, AddPeer, ListPeers, ShowPeer, SuspendPeer, ResumePeer,
        ReleasePeer, RemovePeer, ResetStream, PinPeer, SetAddresses, Send, Acknowledge, Reject, ListDeadLetters, RetryDeadLetter, DropDeadLetter,
        Connect, Rekey, Close, Checkpoint, Backup, Inspect,
    ];
}
