using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Identities;

/// <summary><c>kyberium identity show</c>: the public document, to give to peers.</summary>
internal static class IdentityShowCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var name = Parameters.IdentityName();
        var fingerprint = new Option<bool>("--fingerprint") { Description = "Prints only the fingerprint, to compare over another way." };
        return frame.Make("show", "Prints an identity's public document. Peers pin it with 'kyberium peer add'.", async call =>
        {
            var identity = await call.AskAsync(NodeOperations.ShowIdentity, new IdentityReference(call.Get(name)!));
            call.Print(identity, output => output.WriteLine(call.Get(fingerprint) ? identity.Fingerprint : identity.Document.TrimEnd('\n')));
        }, name, fingerprint);
    }
}
