using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Identities;

/// <summary><c>kyberium identity rotate</c>.</summary>
internal static class IdentityRotateCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var name = Parameters.IdentityName();
        var finish = new Option<bool>("--finish") { Description = "Gives up the older keys, once every peer has pinned the new document." };
        return frame.Make(
            "rotate", "Draws new keys for an identity. Both generations are answered until --finish; give peers the new document meanwhile.",
            async call =>
            {
                var request = new IdentityRotation(call.Get(name)!, call.Get(finish));
                var identity = await call.AskAsync(NodeOperations.RotateIdentity, request);
                call.Print(identity, output => IdentityText.Write(output, identity));
            }, name, finish);
    }
}
