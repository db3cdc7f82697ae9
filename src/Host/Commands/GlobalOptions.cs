using System.CommandLine;

namespace Kyberium.Host.Commands;

/// <summary>The options that every command takes.</summary>
internal sealed class GlobalOptions
{
    internal Option<string?> Config { get; } = new("--config", "-c")
    {
        Description = "Configuration file in HOCON. Environment variables (KYBERIUM__...) and options override it.",
        HelpName = "file",
        Recursive = true,
    };

    internal Option<string[]> Set { get; } = new("--set")
    {
        Description = "Sets one key, e.g. kyberium.engine.shard.count=16; may be given several times.",
        HelpName = "key=value",
        Recursive = true,
        Arity = ArgumentArity.ZeroOrMore,
    };

    internal Option<string?> DataDirectory { get; } = new("--data-directory", "-d")
    {
        Description = "The node's data directory: kyberium.engine.data-directory.",
        HelpName = "path",
        Recursive = true,
    };

    internal Option<string?> Keyring { get; } = new("--keyring", "-k", "--path")
    {
        Description = "The keyring file: kyberium.engine.keyring.path.",
        HelpName = "path",
        Recursive = true,
    };

    internal Option<string?> PassphraseFile { get; } = new("--passphrase-file")
    {
        Description = "The file with the keyring's passphrase: kyberium.engine.keyring.passphrase-file.",
        HelpName = "path",
        Recursive = true,
    };

    internal Option<bool> Json { get; } = new("--json")
    {
        Description = "Writes JSON instead of text; streams write one document a line.",
        Recursive = true,
    };

    internal void AddTo(Command command)
    {
        command.Options.Add(Config);
        command.Options.Add(Set);
        command.Options.Add(DataDirectory);
        command.Options.Add(Keyring);
        command.Options.Add(PassphraseFile);
        command.Options.Add(Json);
    }

    /// <summary>Gives what the command line says of configuration keys, the shorthand options last.</summary>
    internal IEnumerable<(string Key, string Value, string Origin)> Values(ParseResult parsed)
    {
        foreach (var assignment in parsed.GetValue(Set) ?? [])
        {
            if (assignment.Split('=', 2) is not [{ Length: > 0 } key, var value])
            {
                throw HostErrors.Invalid($"--set takes key=value, not '{assignment}'");
            }

            yield return (key.Trim(), value.Trim(), $"--set {key.Trim()}");
        }

        (Option<string?> Option, string Key)[] shorthands =
        [
            (DataDirectory, "kyberium.engine.data-directory"), (Keyring, "kyberium.engine.keyring.path"),
            (PassphraseFile, "kyberium.engine.keyring.passphrase-file"),
        ];
        foreach (var (option, key) in shorthands)
        {
            if (parsed.GetValue(option) is { } value)
            {
                yield return (key, value, option.Name);
            }
        }
    }
}
