using System.Text;

namespace Kyberium.Pbm;

/// <summary>What the program reads from and writes to. Tests give their own.</summary>
internal sealed record Terminal(TextReader Input, TextWriter Output, TextWriter Error, IReadOnlyDictionary<string, string> Variables)
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>Gets whether a person types, so that lines can be edited.</summary>
    internal bool IsInteractive { get; init; }

    internal static Terminal OfProcess()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            variables[(string)entry.Key] = (string?)entry.Value ?? string.Empty;
        }

        return new Terminal(Console.In, Writer(Console.OpenStandardOutput()), Writer(Console.OpenStandardError()), variables)
        {
            IsInteractive = !Console.IsInputRedirected && !Console.IsOutputRedirected,
        };
    }

    private static StreamWriter Writer(Stream stream) => new(stream, Utf8) { AutoFlush = true, NewLine = "\n" };
}
