namespace Kyberium.Fuzzing.Targets;

/// <summary>What the targets demand of what they accept.</summary>
internal static class Laws
{
    /// <summary>What is accepted has one encoding: writing it back gives the same bytes.</summary>
    internal static bool OneEncoding(ReadOnlySpan<byte> accepted, ReadOnlySpan<byte> written) => written.SequenceEqual(accepted)
        ? true
        : throw new BrokenLawException($"accepted {Convert.ToHexStringLower(accepted)}, wrote {Convert.ToHexStringLower(written)}");

    internal static byte[] Vector(params string[] path) => File.ReadAllBytes(Path.Combine([AppContext.BaseDirectory, .. path]));

    internal static IEnumerable<byte[]> Files(string folder, string pattern = "*") => Directory
        .EnumerateFiles(Path.Combine(AppContext.BaseDirectory, folder), pattern, SearchOption.AllDirectories)
        .Order(StringComparer.Ordinal).Select(File.ReadAllBytes);

    /// <summary>Seeds of a family: the first byte says which of its decoders reads the rest.</summary>
    internal static IEnumerable<byte[]> Tagged(int decoder, IEnumerable<byte[]> seeds) =>
        seeds.Select(seed => (byte[])[(byte)decoder, .. seed]);
}
