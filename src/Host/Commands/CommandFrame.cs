using System.CommandLine;

namespace Kyberium.Host.Commands;

/// <summary>What commands are built into: the terminal they use and the options they share.</summary>
internal sealed class CommandFrame(Terminal terminal)
{
    internal GlobalOptions Global { get; } = new();

    /// <summary>Makes a command that does something.</summary>
    internal Command Make(string name, string description, Func<CommandCall, Task> run, params Symbol[] symbols) =>
        Make(name, description, async call =>
        {
            await run(call);
            return ExitCode.Ok;
        }, symbols);

    /// <summary>Makes a command that does something and says itself how it ended.</summary>
    internal Command Make(string name, string description, Func<CommandCall, Task<int>> run, params Symbol[] symbols)
    {
        var command = new Command(name, description);
        foreach (var symbol in symbols)
        {
            if (symbol is Argument argument)
            {
                command.Arguments.Add(argument);
            }
            else
            {
                command.Options.Add((Option)symbol);
            }
        }

        command.SetAction((parsed, stopping) => run(new CommandCall(parsed, Global, terminal, stopping)));
        return command;
    }

    /// <summary>Makes a command that only groups others.</summary>
    internal static Command Group(string name, string description, params Command[] commands)
    {
        var group = new Command(name, description);
        foreach (var command in commands)
        {
            group.Subcommands.Add(command);
        }

        return group;
    }
}
