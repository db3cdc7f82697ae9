using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Kyberium.Engine.Wire;

/// <summary>A public document as text for files and mail. docs/formats/public-document.md.</summary>
internal static class PublicDocumentArmor
{
    /// <summary>The longest text read.</summary>
    internal const int LengthMax = 16_384;

    private const string Begin = "-----BEGIN KYBERIUM PUBLIC DOCUMENT-----";
    private const string End = "-----END KYBERIUM PUBLIC DOCUMENT-----";
    private const string FingerprintField = "Fingerprint: ";
    private const int HeaderLinesMax = 8;
    private const int LineLength = 64;

    /// <summary>Writes the text; lines end with a line feed.</summary>
    internal static string Write(PublicDocument document)
    {
        var text = new StringBuilder();
        text.Append(Begin).Append('\n');
        if (document.Name.Length > 0)
        {
            text.Append("Name: ").Append(document.Name).Append('\n');
        }

        text.Append("Suites: ").Append(document.Suites.ToString()).Append('\n');
        text.Append(FingerprintField).Append(Convert.ToHexStringLower(document.Fingerprint.Bytes)).Append("\n\n");
        foreach (var line in Convert.ToBase64String(document.Bytes.Span).Chunk(LineLength))
        {
            text.Append(line).Append('\n');
        }

        return text.Append(End).Append('\n').ToString();
    }

    /// <summary>Reads the text. Only the base64 part counts, but a fingerprint line must agree with it.</summary>
    /// <remarks>Bytes around the two marker lines are refused, except white space; line ends may be CR LF.</remarks>
    internal static bool TryRead(
        ReadOnlySpan<char> text, [NotNullWhen(true)] out PublicDocument? document, out WireFailure failure)
    {
        document = null;
        var body = text.Trim();
        failure = body switch
        {
            { Length: > LengthMax } => WireFailure.Oversized,
            _ when !body.StartsWith(Begin, StringComparison.Ordinal) => WireFailure.FieldMissing,
            _ when !body[Begin.Length..].EndsWith(End, StringComparison.Ordinal) => WireFailure.Truncated,
            _ => WireFailure.None,
        };
        if (failure != WireFailure.None)
        {
            return false;
        }

        body = body[Begin.Length..^End.Length];
        if (!TryTakeHeaders(ref body, out var claimed, out failure)
            || !TryDecode(body, out var bytes, out failure)
            || !PublicDocument.TryRead(bytes, out document, out failure))
        {
            return false;
        }

        failure = claimed is null || claimed == document.Fingerprint ? WireFailure.None : WireFailure.FieldInvalid;
        document = failure == WireFailure.None ? document : null;
        return document is not null;
    }

    // After the marker: its line end, header lines, one empty line.
    private static bool TryTakeHeaders(ref ReadOnlySpan<char> body, out Fingerprint? claimed, out WireFailure failure)
    {
        claimed = null;
        for (var lines = 0; lines <= HeaderLinesMax + 1; lines++)
        {
            var end = body.IndexOf('\n');
            if (end < 0)
            {
                failure = WireFailure.Truncated;
                return false;
            }

            var line = body[..end].TrimEnd('\r');
            body = body[(end + 1)..];
            if (line.IsEmpty && lines > 0)
            {
                failure = WireFailure.None;
                return true;
            }

            if (lines == 0 ? !line.IsEmpty : !TryTakeHeader(line, ref claimed))
            {
                failure = WireFailure.FieldInvalid;
                return false;
            }
        }

        failure = WireFailure.Oversized;
        return false;
    }

    private static bool TryTakeHeader(ReadOnlySpan<char> line, ref Fingerprint? claimed)
    {
        if (!line.StartsWith(FingerprintField, StringComparison.Ordinal))
        {
            return line.Contains(": ", StringComparison.Ordinal);
        }

        var first = claimed is null;
        var parsed = Fingerprint.TryParse(line[FingerprintField.Length..].ToString(), out var fingerprint);
        claimed = fingerprint;
        return first && parsed;
    }

    private static bool TryDecode(ReadOnlySpan<char> body, out byte[] bytes, out WireFailure failure)
    {
        bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(body.Length)];
        var decoded = Convert.TryFromBase64Chars(body, bytes, out var written);
        bytes = decoded ? bytes[..written] : [];
        failure = decoded ? WireFailure.None : WireFailure.FieldInvalid;
        return decoded;
    }
}
