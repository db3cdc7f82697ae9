namespace Kyberium.Engine;

/// <summary>The failure of options, with what to do next.</summary>
internal static class OptionsErrors
{
    internal static EngineException Invalid(IReadOnlyCollection<string> problems) =>
        new(EngineErrorCode.OptionsInvalid,
            $"{problems.Count} problem{(problems.Count == 1 ? "" : "s")} in the options; correct and start again "
            + "(hocon/engine.conf lists every key):\n  " + string.Join("\n  ", problems));

    internal static EngineException PartMissing(string key, string remedy) =>
        new(EngineErrorCode.OptionsInvalid, $"{key} is not set: {remedy}");
}
