using System.Security.Cryptography;
using System.Text;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Audit;

/// <summary>The stable words of audit events (docs/operating/audit.md).</summary>
internal static class AuditKinds
{
    /// <summary>Parts of a larger payload were dropped, since they can no longer become whole.</summary>
    internal const string TransferDropped = "transfer-dropped";

    /// <summary>The peer dropped a larger payload of ours, since its inbox cannot hold it.</summary>
    internal const string TransferRefused = "transfer-refused";

    internal const string IdentityCreated = "identity-created";
    internal const string IdentityRotated = "identity-rotated";
    internal const string IdentityRotationFinished = "identity-rotation-finished";

    /// <summary>Gives the word of an act that an operator or the application answers for; <see langword="null"/>: it is none.</summary>
    internal static string? OfAct(PeerCommand command) => command switch
    {
        PeerCommand.Add => "peer-added",
        PeerCommand.Forget => "peer-removed",
        PeerCommand.AddPin => "pin-added",
        PeerCommand.RemovePin => "pin-removed",
        PeerCommand.SetAddresses => "addresses-set",
        PeerCommand.ChangePolicy => "template-set",
        PeerCommand.Suspend => "peer-suspended",
        PeerCommand.Resume => "peer-resumed",
        PeerCommand.Release => "peer-released",
        PeerCommand.ResetStream => "stream-reset",
        PeerCommand.Close => "close-ordered",
        PeerCommand.RetrySetAside => "message-retried",
        PeerCommand.DropSetAside => "message-dropped",
        _ => null,
    };

    /// <summary>What is remembered of an act that was done under an id its caller chose: a repeat is the same id, act and target, and
    /// another act under that id is another act. The first 16 bytes of SHA-256(operation ‖ act ‖ 0 ‖ target).</summary>
    internal static Guid RepeatId(Guid operation, string act, string target)
    {
        var hash = SHA256.HashData([.. operation.ToByteArray(bigEndian: true), .. Encoding.UTF8.GetBytes(act), 0, .. Encoding.UTF8.GetBytes(target)]);
        return new Guid(hash.AsSpan(0, 16), bigEndian: true);
    }

    /// <summary>Says of an act what its word does not. No secret, no payload; bounded.</summary>
    internal static string DetailOf(PeerCommand act) => Cut(act switch
    {
        PeerCommand.Add add =>
            $"pin {add.Pin.Fingerprint}, template {add.Policy.TemplateId}@{add.Policy.TemplateVersion}, addresses {string.Join(' ', add.Addresses)}",
        PeerCommand.AddPin add => $"pin {add.Pin.Fingerprint}",
        PeerCommand.RemovePin remove => $"pin {remove.Fingerprint}",
        PeerCommand.SetAddresses set => string.Join(' ', set.Addresses),
        PeerCommand.ChangePolicy change => $"{change.Policy.TemplateId}@{change.Policy.TemplateVersion}",
        PeerCommand.ResetStream reset => string.Join(
            ", ", new[] { reset.Outgoing ? "outgoing" : string.Empty, reset.Incoming ? "incoming" : string.Empty }.Where(part => part.Length > 0)),
        PeerCommand.RetrySetAside retry => $"number {retry.Number} of stream {retry.Stream}",
        PeerCommand.DropSetAside drop => $"number {drop.Number} of stream {drop.Stream}",
        _ => string.Empty,
    });

    private const int DetailLengthMax = 1_024;

    private static string Cut(string detail) => detail.Length <= DetailLengthMax ? detail : detail[..DetailLengthMax];

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
