namespace Kyberium.Host.Commands;

/// <summary>Reads a whole file, or standard input, up to a size.</summary>
internal static class BoundedFile
{
    /// <param name="path">A file, or <c>-</c> for standard input.</param>
    internal static async Task<byte[]> ReadAsync(CommandCall call, string path, int sizeMax)
    {
        try
        {
            await using var source = path == "-" ? call.Terminal.Input : File.OpenRead(path);
            var bytes = new byte[sizeMax + 1];
            var length = await source.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, call.Stopping);
            return length <= sizeMax ? bytes[..length] : throw HostErrors.FileTooLarge(path, sizeMax);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw HostErrors.FileUnreadable(path, failure);
        }
    }
}
