using System.Text;
using Kyberium.Pbm.Asking;
using Kyberium.Pbm.Hosting;
using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Output;

/// <summary>Help, from what the server describes; and what can be said without one.</summary>
internal static class HelpText
{
    internal const string Usage = """
        Operates a process that embeds Kyberium, such as 'kyberium serve'.

        usage: pbm [options] [host:port] [palette command [switches]]

        Without a command it prompts for some; without host:port it talks to 127.0.0.1:9110.
        What can be asked is described by the process: 'pbm host:port --help' lists it.

        options, before the palette:
          --tls                               speak TLS
          --trusted-certificate-file <pem>    the authorities the process is checked against; implies --tls
          --certificate-file <pem>            your certificate, where the process asks for one; implies --tls
          --certificate-key-file <pem>        its key, when that lies elsewhere
          --token-file <path>                 your token, where the process asks for one
          --operator <name>                   who you are, where it asks for no proof; default: your user's name
          --version                           print the version

        options, anywhere:
          --json            one JSON document a line: {"item":{}} each, then {"count":n}
          --every <time>    repeat what only looks, such as 2s, until it is interrupted
          --times <n>       with --every: n times
          --help, -h        explain; after a palette or a command: that one

        PBM_TOKEN_FILE and PBM_TRUSTED_CERTIFICATE_FILE name files where no option does.

        """;

    /// <summary>Explains a command, a palette, or all there is.</summary>
    internal static string Of(PbmMessage.Welcome welcome, CommandMatch match)
    {
        var text = new StringBuilder();
        if (match.Command is { } command)
        {
            Explain(text, match.Palette!, command);
        }
        else if (match.Palette is { } palette)
        {
            text.Append($"{palette.Name}: {palette.Description}\n\n");
            List(text, palette.Commands.Select(one => ($"{palette.Name} {one.Name}", one.Description)));
            text.Append($"\n'pbm {palette.Name} <command> --help' explains one.\n");
        }
        else
        {
            text.Append($"{welcome.Program}, you are {welcome.Operator}.\n\n");
            List(text, welcome.Palettes.SelectMany(one => one.Commands.Select(inner => ($"{one.Name} {inner.Name}", inner.Description))));
            text.Append("\n'pbm <palette> <command> --help' explains one.\n");
        }

        return TextAnswer.Printable(text.ToString());
    }

    private static void Explain(StringBuilder text, PaletteDescription palette, CommandDescription command)
    {
        text.Append($"{palette.Name} {command.Name}: {command.Description}\n");
        if (command.Changes)
        {
            text.Append("It changes something: the process records who asked.\n");
        }

        if (command.Follows)
        {
            text.Append("It goes on until it is interrupted (Ctrl-C).\n");
        }

        text.Append($"\nusage: pbm [host:port] {palette.Name} {command.Name}");
        foreach (var one in command.Switches)
        {
            text.Append(one.Required ? $" {Form(one)}" : $" [{Form(one)}]");
        }

        text.Append('\n');
        if (command.Switches.Count > 0)
        {
            text.Append("\nswitches:\n");
            List(text, command.Switches.Select(one => (
                (one.Letter is null ? "    " : $"-{one.Letter}, ") + Form(one), one.Description + (one.Required ? " Required." : ""))));
        }
    }

    private static string Form(SwitchDescription one) => one.Type switch
    {
        PbmSwitchType.Flag => $"--{one.Name}",
        PbmSwitchType.Number => $"--{one.Name} <number>",
        _ => $"--{one.Name} <text>",
    };

    private static void List(StringBuilder text, IEnumerable<(string Left, string Right)> rows)
    {
        var all = rows.ToList();
        var width = all.Count == 0 ? 0 : all.Max(row => row.Left.Length);
        foreach (var (left, right) in all)
        {
            text.Append($"  {left.PadRight(width)}  {right}\n");
        }
    }
}
