namespace Kyberium.Configuration.Hocon;

/// <summary>One thing to correct in a set of configuration files.</summary>
/// <param name="File">Path of the file, or the name given to a string or stream.</param>
/// <param name="Line">Line, 1-based.</param>
/// <param name="Column">Column in UTF-16 units, 1-based.</param>
/// <param name="Key">Path of the key as HOCON writes it; empty when the problem belongs to no key.</param>
/// <param name="Message">What is wrong and what to do next. Never contains a resolved value.</param>
public sealed record HoconProblem(string File, int Line, int Column, string Key, string Message)
{
    /// <summary>Returns <c>file:line:column: key: message</c>.</summary>
    public override string ToString() =>
        Key.Length == 0 ? $"{File}:{Line}:{Column}: {Message}" : $"{File}:{Line}:{Column}: {Key}: {Message}";
}
