namespace Kyberium.Engine.Settings;

/// <summary>Which policies there are. Validated and immutable.</summary>
internal sealed record TemplatesSettings(string? Directory, string DefaultId);
