namespace Kyberium.Configuration.Hocon;

/// <summary>Where a value was written.</summary>
/// <param name="File">Path of the file, or the name given to a string or stream.</param>
/// <param name="Line">Line, 1-based.</param>
/// <param name="Column">Column in UTF-16 units, 1-based.</param>
public readonly record struct HoconOrigin(string File, int Line, int Column)
{
    /// <summary>Returns <c>file:line</c>, the form editors and terminals turn into a link.</summary>
    public override string ToString() => $"{File}:{Line}";
}
