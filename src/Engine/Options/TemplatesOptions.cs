using Kyberium.Engine.Settings;

namespace Kyberium.Engine;

/// <summary>Which policies there are. HOCON: <c>kyberium.engine.templates</c>.</summary>
public sealed class TemplatesOptions
{
    /// <summary>Gets or sets the folder of further templates. Empty when there are only the shipped ones. Default
    /// empty.</summary>
    /// <remarks>HOCON: <c>directory</c>. Read once, at the start.</remarks>
    public string Directory { get; set; } = string.Empty;

    /// <summary>Gets or sets the template of a peer for which none is named. Default default.</summary>
    /// <remarks>HOCON: <c>default-id</c>. Checked against the templates at the start.</remarks>
    public string DefaultId { get; set; } = "default";

    internal void Check(OptionProblems problems)
    {
        problems.IsPathOrEmpty(Directory, "kyberium.engine.templates.directory");
        problems.IsName(DefaultId, "kyberium.engine.templates.default-id");
    }

    internal TemplatesSettings ToSettings() => new(OptionPaths.Full(Directory), DefaultId);
}
