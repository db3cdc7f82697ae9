using System.Text;
using Kyberium.Configuration.Hocon.Syntax;

namespace Kyberium.Configuration.Hocon.Loading;

/// <summary>Turns bytes into syntax: size and encoding are checked here, the format follows the ending of the name.</summary>
internal sealed class SourceReader(HoconLimits limits, ProblemList problems)
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads a file that exists. Null after a reported problem.</summary>
    internal SyntaxNode? ReadFile(string path, HoconOrigin at)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            return ReadStream(path, stream);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add(at, "", $"'{path}' cannot be read ({e.Message}); correct its permissions or remove its mention");
            return null;
        }
    }

    /// <summary>Reads the rest of a stream. Null after a reported problem.</summary>
    internal SyntaxNode? ReadStream(string name, Stream stream)
    {
        using var buffer = new MemoryStream();
        var chunk = new byte[16 << 10];
        for (int count; (count = stream.Read(chunk)) > 0;)
        {
            buffer.Write(chunk, 0, count);
            if (buffer.Length > limits.FileBytesMax)
            {
                ReportSize(name);
                return null;
            }
        }

        var bytes = buffer.GetBuffer().AsSpan(0, (int)buffer.Length);
        try
        {
            return Parse(name, StrictUtf8.GetString(bytes));
        }
        catch (DecoderFallbackException e)
        {
            var before = bytes[..Math.Clamp(e.Index, 0, bytes.Length)];
            var at = new HoconOrigin(name, before.Count((byte)'\n') + 1, before.Length - before.LastIndexOf((byte)'\n'));
            problems.Add(at, "", "this byte is not UTF-8; save the file as UTF-8");
            return null;
        }
    }

    /// <summary>Reads a text. Null after a reported problem.</summary>
    internal SyntaxNode? ReadText(string name, string text)
    {
        if (Encoding.UTF8.GetByteCount(text) > limits.FileBytesMax)
        {
            ReportSize(name);
            return null;
        }

        return Parse(name, text);
    }

    private void ReportSize(string name) => problems.Add(new HoconOrigin(name, 1, 1), "",
        $"the text is longer than {limits.FileBytesMax} bytes; split it, or raise FileBytesMax");

    private SyntaxNode Parse(string name, string text) => Path.GetExtension(name) switch
    {
        ".json" => JsonParser.Parse(name, text, limits, problems),
        ".properties" => PropertiesParser.Parse(name, text, limits, problems),
        _ => Parser.Parse(name, text, limits, problems),
    };
}
