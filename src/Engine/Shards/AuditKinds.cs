using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

/// <summary>The stable words of audit events (docs/operating/audit.md).</summary>
internal static class AuditKinds
{
    /// <summary>Parts of a larger payload were dropped, since they can no longer become whole.</summary>
    internal const string TransferDropped = "transfer-dropped";

    internal static string Of(PeerReport report) => report switch
    {
        PeerReport.SessionEstablished => "session-established",
        PeerReport.SessionUnchained => "session-unchained",
        PeerReport.SessionRefused => "session-refused",
        PeerReport.SessionClosed => "session-closed",
        PeerReport.Rekeyed => "rekeyed",
        PeerReport.StreamStopped => "stream-stopped",
        PeerReport.StreamAdopted => "stream-adopted",
        PeerReport.PeerStateLost => "peer-state-lost",
        PeerReport.MessageSetAside => "message-set-aside",
        PeerReport.MessageExpired => "message-expired",
        PeerReport.HandshakeFailed => "handshake-failed",
        PeerReport.PinProved => "pin-proved",
        _ => throw Invariant.Violated($"no word for {report}"),
    };
}
