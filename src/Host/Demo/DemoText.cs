using System.Reflection;
using System.Security.Cryptography;
using Kyberium.Engine;

namespace Kyberium.Host.Demo;

/// <summary>The text that is exchanged, line by line, and what its receipt must come to.</summary>
internal sealed class DemoText
{
    private const int FileBytesMax = 64 << 20;
    private const string Sample = "demo/alice-in-wonderland.txt";

    private DemoText(string name, IReadOnlyList<byte[]> lines)
    {
        Name = name;
        Lines = lines;
        var chain = new byte[SHA256.HashSizeInBytes];
        foreach (var line in lines)
        {
            chain = Extend(chain, line);
        }

        Chain = chain;
    }

    internal string Name { get; }

    /// <summary>Gets the lines, each with its line feed.</summary>
    internal IReadOnlyList<byte[]> Lines { get; }

    /// <summary>Gets the hash over all lines in order: equal only when all are equal and none is missing, repeated or moved.</summary>
    internal byte[] Chain { get; }

    internal static byte[] Extend(byte[] chain, byte[] line) => SHA256.HashData([.. chain, .. line]);

    /// <summary>Reads a file, or the text that comes with the program.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.RequestInvalid"/>: unreadable, empty, too large, or a line too long.</exception>
    internal static async Task<DemoText> ReadAsync(string? path, CancellationToken cancellationToken)
    {
        if (path is null)
        {
            using var sample = Assembly.GetExecutingAssembly().GetManifestResourceStream(Sample)!;
            using var copy = new MemoryStream();
            await sample.CopyToAsync(copy, cancellationToken).ConfigureAwait(false);
            return Cut("Alice's Adventures in Wonderland, which comes with the program", copy.ToArray());
        }

        try
        {
            if (new FileInfo(path).Length > FileBytesMax)
            {
                throw HostErrors.FileTooLarge(path, FileBytesMax);
            }

            return Cut(path, await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw HostErrors.FileUnreadable(path, failure);
        }
    }

    private static DemoText Cut(string name, byte[] bytes)
    {
        var lines = new List<byte[]>();
        for (var start = 0; start < bytes.Length;)
        {
            var length = bytes.AsSpan(start).IndexOf((byte)'\n') + 1;
            var line = length == 0 ? bytes[start..] : bytes[start..(start + length)];
            if (line.Length > SessionEngine.PayloadLengthMax / 2)
            {
                throw HostErrors.Invalid($"line {lines.Count + 1} of '{name}' has {line.Length:N0} bytes; give a text file with shorter lines");
            }

            lines.Add(line);
            start += line.Length;
        }

        return lines.Count > 0 ? new DemoText(name, lines) : throw HostErrors.Invalid($"'{name}' is empty; give a text file with some lines");
    }
}
