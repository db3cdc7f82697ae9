using System.Text;

namespace Kyberium.Host;

/// <summary>What a command reads from and writes to. Tests give their own.</summary>
internal sealed class Terminal
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    internal Terminal(Stream input, Stream output, TextWriter error, IReadOnlyDictionary<string, string> variables)
    {
        Input = input;
        RawOutput = output;
        Output = new StreamWriter(output, Utf8) { AutoFlush = true, NewLine = "\n" };
        Error = error;
        Variables = variables;
    }

    /// <summary>Gets standard input: bytes.</summary>
    internal Stream Input { get; }

    /// <summary>Gets standard output for results in text.</summary>
    internal TextWriter Output { get; }

    /// <summary>Gets the same standard output for payloads that are not text.</summary>
    internal Stream RawOutput { get; }

    /// <summary>Gets standard error: failures and logs.</summary>
    internal TextWriter Error { get; }

    /// <summary>Gets the environment's variables.</summary>
    internal IReadOnlyDictionary<string, string> Variables { get; }

    internal static Terminal OfProcess()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            variables[(string)entry.Key] = (string?)entry.Value ?? string.Empty;
        }

        return new Terminal(Console.OpenStandardInput(), Console.OpenStandardOutput(), Console.Error, variables);
    }
}
