using System.CommandLine;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Engine.Cluster.Joining;

namespace Kyberium.Lighthouse.Commands;

/// <summary><c>lighthouse token create</c>.</summary>
internal static class TokenCommand
{
    internal static Command Create(CommandFrame frame)
    {
        var expires = new Option<string>("--expires") { Description = "How long it works.", HelpName = "duration", DefaultValueFactory = _ => "1h" };
        var many = new Option<bool>("--many") { Description = "Any number of nodes may join with it until it expires; else it works once." };
        var command = new Command("create", "Makes a join token and prints it: a secret. Only a digest of it is kept.") { expires, many };
        command.SetAction(async (parsed, stopping) =>
        {
            var options = frame.Read(parsed);
            var authority = await new AuthorityFile(options.Directory).ReadAsync(stopping);
            var token = JoinToken.Create(authority.Signing.Certificate);
            await new TokenFolder(Path.Combine(options.Directory, "tokens")).AddAsync(
                token, TimeProvider.System.GetUtcNow() + CommandFrame.Duration(parsed.GetValue(expires)!), parsed.GetValue(many), stopping);
            await frame.Output.WriteLineAsync(token.Reveal());
        });
        return command;
    }
}
