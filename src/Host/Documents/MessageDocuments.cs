using System.Text;
using Kyberium.Engine;

namespace Kyberium.Host.Documents;

/// <summary>Asks to send a durable message.</summary>
/// <param name="Identity">The identity that sends.</param>
/// <param name="Peer">To whom.</param>
/// <param name="Payload">The bytes; base64 in JSON.</param>
/// <param name="Operation">An id under which a repeat is not sent twice; nothing draws one.</param>
/// <param name="ExpiresAfterMillis">How long it may wait for its acknowledgement; nothing: as the peer's policy says.</param>
internal sealed record Sending(string Identity, string Peer, byte[] Payload, Guid? Operation = null, long? ExpiresAfterMillis = null);

/// <summary>A message is in the journal.</summary>
/// <param name="Operation">Its id here.</param>
/// <param name="Number">Its number in the stream to the peer.</param>
internal sealed record SentDocument(Guid Operation, ulong Number);

/// <summary>Names a received message.</summary>
internal sealed record MessageReference(string Identity, string Peer, Guid Stream, ulong Number);

/// <summary>A received message.</summary>
/// <param name="Identity">The identity it was sent to.</param>
/// <param name="Peer">Who sent it.</param>
/// <param name="Stream">The sender's delivery stream.</param>
/// <param name="Number">Its number in that stream.</param>
/// <param name="Attempt">1 for the first time, one more after each failed one.</param>
/// <param name="Payload">The bytes; base64 in JSON.</param>
/// <param name="Text">The payload when it is UTF-8.</param>
internal sealed record MessageDocument(
    string Identity, string Peer, Guid Stream, ulong Number, int Attempt, byte[] Payload, string? Text = null)
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    internal MessageReference Reference => new(Identity, Peer, Stream, Number);

    internal static MessageDocument Of(ReceivedMessage message) => new(
        message.Id.Identity.Value, message.Id.Peer.Value, message.Id.Stream, message.Id.Number, message.Attempt,
        message.Payload.ToArray(), TextOf(message.Payload.Span));

    private static string? TextOf(ReadOnlySpan<byte> payload) =>
        System.Text.Unicode.Utf8.IsValid(payload) ? Strict.GetString(payload) : null;
}

/// <summary>Messages that were set aside.</summary>
internal sealed record MessageList(IReadOnlyList<MessageDocument> Messages);
