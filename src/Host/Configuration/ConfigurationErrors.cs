using Kyberium.Configuration.Hocon;
using Kyberium.Engine;

namespace Kyberium.Host.Configuration;

/// <summary>The failure of a configuration, every problem in one message.</summary>
internal static class ConfigurationErrors
{
    internal static EngineException Invalid(IReadOnlyCollection<string> problems) =>
        new(EngineErrorCode.OptionsInvalid,
            $"{problems.Count} problem{(problems.Count == 1 ? "" : "s")} in the configuration; correct and start again "
            + "(hocon/engine.conf and hocon/host.conf list every key):\n  " + string.Join("\n  ", problems));

    internal static EngineException Unreadable(HoconException cause) =>
        new(EngineErrorCode.OptionsInvalid,
            $"{cause.Problems.Count} problem{(cause.Problems.Count == 1 ? "" : "s")} in the configuration files; correct and start again:\n  "
            + string.Join("\n  ", cause.Problems), cause);

    internal static EngineException Missing(string key, string option) =>
        new(EngineErrorCode.OptionsInvalid, $"{key} is not set: give it in --config <file>, or as {option}");
}
