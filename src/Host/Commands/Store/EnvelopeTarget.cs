using Kyberium.Engine.Wire;
using Kyberium.Host.Documents;

namespace Kyberium.Host.Commands.Store;

/// <summary>Finds an envelope in a file's bytes, in a file's hexadecimal, or in an argument's.</summary>
internal static class EnvelopeTarget
{
    // Hexadecimal takes two characters a byte, and a line end.
    private const int FileSizeMax = (2 * EnvelopeHeader.EnvelopeLengthMax) + 2;

    internal static async Task<EnvelopeDocument> ReadAsync(CommandCall call, string target)
    {
        if (!File.Exists(target))
        {
            return Parse(FromHex(target) ?? throw HostErrors.NotAnEnvelope(target));
        }

        var bytes = await BoundedFile.ReadAsync(call, target, FileSizeMax);
        return Parse(FromHex(System.Text.Encoding.ASCII.GetString(bytes)) ?? bytes);
    }

    private static byte[]? FromHex(string text)
    {
        var digits = text.Trim();
        return digits.Length > 0 && digits.Length % 2 == 0 && digits.All(char.IsAsciiHexDigit) ? Convert.FromHexString(digits) : null;
    }

    private static EnvelopeDocument Parse(ReadOnlySpan<byte> bytes) =>
        EnvelopeHeader.TryReadEnvelope(bytes, out var header, out var failure)
            ? EnvelopeDocument.Of(header)
            : throw WireErrors.Envelope(failure);
}
