using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Model;

/// <summary>An envelope in flight. A record opens only where its key is listened for under its index.</summary>
/// <param name="FromA">Which side sent it.</param>
/// <param name="Type">What it is.</param>
/// <param name="Key">The key it is sealed under; 0 for the messages of a handshake.</param>
/// <param name="Index">The receiver's index.</param>
/// <param name="Bytes">The plaintext, or the handshake message.</param>
/// <param name="SentAt">When, on the world's clock.</param>
internal sealed record Packet(
    bool FromA, EnvelopeType Type, UInt128 Key, ReceiverIndex Index, ReadOnlyMemory<byte> Bytes, long SentAt)
{
    internal bool IsRecord => Type < EnvelopeType.Handshake1;

    /// <summary>Gets whether it carries something: a confirm that does not open is only repeated.</summary>
    internal bool IsPayload => IsRecord && Type != EnvelopeType.Confirm;

    public override string ToString() => Type switch
    {
        EnvelopeType.Message when MessageRecord.TryParse(Bytes, out var message) =>
            $"Message {message.Number} (lowest {message.LowestUnacknowledged}) of {Name(message.Stream.Value)} under {Name(Key)}",
        EnvelopeType.Acknowledge when Acknowledgement.TryRead(Bytes.Span, out var record, out _) =>
            $"Acknowledge {record.Number} of {Name(record.Stream.Value)} under {Name(Key)}",
        EnvelopeType.RekeyCarrier => Bytes.IsEmpty
            ? $"settled under {Name(Key)}"
            : $"carrier of {SymbolicSecrets.TypeOf(Bytes.Span)} under {Name(Key)}",
        _ => IsRecord ? $"{Type} under {Name(Key)}" : $"{Type}",
    };

    internal static string Name(UInt128 value) => value.ToString("x32", System.Globalization.CultureInfo.InvariantCulture)[..6];
}
