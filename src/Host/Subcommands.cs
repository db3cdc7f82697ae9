using System.CommandLine;
using Kyberium.Host.Commands;
using Kyberium.Host.Commands.DeadLetters;
using Kyberium.Host.Commands.Identities;
using Kyberium.Host.Commands.Keyrings;
using Kyberium.Host.Commands.Messages;
using Kyberium.Host.Commands.Peers;
using Kyberium.Host.Commands.Sessions;
using Kyberium.Host.Commands.Store;
using Kyberium.Host.Demo;

namespace Kyberium.Host;

/// <summary>Every command there is: the one place where they are registered.</summary>
internal static class Subcommands
{
    // A text that begins with @ is a text: no argument is ever taken for the name of a file with more arguments.
    private static readonly ParserConfiguration Parsing = new() { ResponseFileTokenReplacer = null };

    internal static ParseResult Parse(Terminal terminal, IReadOnlyList<string> arguments) => Build(terminal).Parse(arguments, Parsing);

    internal static RootCommand Build(Terminal terminal)
    {
        var frame = new CommandFrame(terminal);
        var root = new RootCommand(
            "Runs a Kyberium node and operates it. Beside a running node commands go through its socket; otherwise they open the data directory.");
        frame.Global.AddTo(root);
        foreach (var command in All(frame))
        {
            root.Subcommands.Add(command);
        }

        return root;
    }

    private static IEnumerable<Command> All(CommandFrame frame) =>
    [
        ServeCommand.Make(frame),
        CommandFrame.Group(
            "identity", "Creates, shows and rotates this node's identities.",
            IdentityCreateCommand.Make(frame), IdentityShowCommand.Make(frame), IdentityListCommand.Make(frame),
            IdentityRotateCommand.Make(frame)),
        CommandFrame.Group(
            "keyring", "Makes, rotates and shows the keyring that holds the master keys.",
            KeyringCreateCommand.Make(frame), KeyringRotateCommand.Make(frame), KeyringShowCommand.Make(frame)),
        CommandFrame.Group(
            "peer", "Pins peers and decides what may go on with them.",
            PeerAddCommand.Make(frame), PeerListCommand.Make(frame), PeerShowCommand.Make(frame), PeerSuspendCommand.Make(frame),
            PeerResumeCommand.Make(frame), PeerReleaseCommand.Make(frame), PeerRemoveCommand.Make(frame),
            PeerResetStreamCommand.Make(frame), PeerPinCommand.Make(frame), PeerAddressCommand.Make(frame)),
        SendCommand.Make(frame),
        ReceiveCommand.Make(frame),
        CommandFrame.Group(
            "dead-letters", "Looks after messages that were set aside because handling them kept failing.",
            DeadLettersListCommand.Make(frame), DeadLettersShowCommand.Make(frame), DeadLettersRetryCommand.Make(frame),
            DeadLettersDropCommand.Make(frame)),
        ConnectCommand.Make(frame),
        RekeyCommand.Make(frame),
        CloseCommand.Make(frame),
        InspectCommand.Make(frame),
        CheckpointCommand.Make(frame),
        BackupCommand.Make(frame),
        RestoreCommand.Make(frame),
        DemoCommand.Make(frame),
        DemoCommand.MakeNode(frame),
    ];
}
