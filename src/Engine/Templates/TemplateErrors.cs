using System.Globalization;

namespace Kyberium.Engine.Templates;

/// <summary>Every failure of templates, each with what to do next.</summary>
internal static class TemplateErrors
{
    internal static EngineException Invalid(IReadOnlyCollection<TemplateProblem> problems) =>
        new(EngineErrorCode.TemplateInvalid,
            $"{problems.Count} problem{(problems.Count == 1 ? "" : "s")} in templates; correct and start again "
            + "(docs/formats/template.md lists every key):\n  " + string.Join("\n  ", problems));

    internal static EngineException Unknown(string id, IEnumerable<string> known) =>
        new(EngineErrorCode.TemplateInvalid, $"there is no template '{id}'; there are: {string.Join(", ", known)}");

    internal static EngineException Unreadable(string path, Exception cause) =>
        new(EngineErrorCode.TemplateInvalid,
            $"'{path}' cannot be read ({cause.Message}); check kyberium.engine.templates.directory, or in a cluster the Lighthouse's kyberium.lighthouse.policies, and its "
            + "access rights", cause);

    internal static EngineException NotAFolder(string location) =>
        new(EngineErrorCode.TemplateInvalid,
            $"templates are in '{location}', a Lighthouse says, and that is no absolute path of a folder; correct kyberium.lighthouse.policies, or name a folder of this "
            + "node's own in kyberium.engine.templates.directory");
}

/// <summary>One thing wrong in a template file.</summary>
/// <param name="File">The file.</param>
/// <param name="Path">The JSON path, <c>$</c> for the whole.</param>
/// <param name="Line">1-based; 0 when it concerns no line.</param>
/// <param name="Message">What is wrong and what is allowed.</param>
internal sealed record TemplateProblem(string File, string Path, int Line, string Message)
{
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{File}{(Line > 0 ? $":{Line}" : "")}: {Path}: {Message}");
}
