using Kyberium.Engine;
using Kyberium.Engine.Wire;

namespace Kyberium.Host.Commands;

/// <summary>Reads a peer's public document from a file, and checks every key in it.</summary>
internal static class DocumentFile
{
    private const int SizeMax = PublicDocumentArmor.LengthMax;

    /// <param name="path">A file, or <c>-</c> for standard input.</param>
    /// <param name="fingerprint">What the document must hash to; null when it was not given.</param>
    /// <returns>Its canonical bytes.</returns>
    internal static async Task<byte[]> ReadAsync(CommandCall call, string path, string? fingerprint)
    {
        var document = SessionEngine.ReadDocument(await BoundedFile.ReadAsync(call, path, SizeMax));
        var found = Fingerprint.Of(document.Span);
        if (fingerprint is not null && !string.Equals(found.ToString(), fingerprint, StringComparison.OrdinalIgnoreCase))
        {
            throw HostErrors.OtherFingerprint(path, found);
        }

        return document.ToArray();
    }
}
