namespace Kyberium.Engine.Templates;

/// <summary>A key of a template: where it stands, what it allows, how it is read.</summary>
/// <param name="Path">Dotted, e.g. <c>rekey.ageSoftSeconds</c>.</param>
/// <param name="Allowed">The range for people, as docs/formats/template.md has it.</param>
internal abstract record TemplateKey(string Path, string Allowed)
{
    /// <summary>Reads a value; <see langword="null"/> when it is not allowed.</summary>
    internal abstract object? Read(SourceValue source);
}

/// <summary>A key whose values are of one type.</summary>
internal sealed record TemplateKey<T>(string Path, string Allowed, Func<SourceValue, object?> Reader) : TemplateKey(Path, Allowed)
    where T : notnull
{
    internal override object? Read(SourceValue source) => Reader(source);

    /// <summary>Takes the value out of a merged template that was checked to be complete.</summary>
    internal T Of(IReadOnlyDictionary<string, LocatedValue> values) => (T)values[Path].Value;
}

/// <summary>A value with the place it came from, which may be an ancestor's file.</summary>
internal sealed record LocatedValue(object Value, string File, string Path, int Line);
