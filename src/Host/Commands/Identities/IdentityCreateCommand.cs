using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Identities;

/// <summary><c>kyberium identity create</c>.</summary>
internal static class IdentityCreateCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var name = Parameters.IdentityName();
        var suites = new Option<string[]>("--suite")
        {
            Description = "A suite it gets keys for: MLKEM768P256 (default), MLKEM1024P384, MLKEM512, MLKEM768, MLKEM1024; may be given several times.",
            HelpName = "suite",
        };
        return frame.Make("create", "Creates an identity, and a store in an empty data directory.", async call =>
        {
            var request = new IdentityCreation(call.Get(name)!, call.Get(suites) ?? []);
            var identity = await call.AskAsync(NodeOperations.CreateIdentity, request, mayBegin: true);
            call.Print(identity, output => IdentityText.Write(output, identity));
        }, name, suites);
    }
}
