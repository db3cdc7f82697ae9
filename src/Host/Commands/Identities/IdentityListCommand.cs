using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Identities;

/// <summary><c>kyberium identity list</c>.</summary>
internal static class IdentityListCommand
{
    internal static Command Make(CommandFrame frame) => frame.Make("list", "Lists the identities.", async call =>
    {
        var list = await call.AskAsync(NodeOperations.ListIdentities, Nothing.Instance);
        call.Print(list, output =>
        {
            foreach (var identity in list.Identities)
            {
                IdentityText.Write(output, identity);
            }
        });
    });
}
