using System.CommandLine;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.DeadLetters;

/// <summary>The arguments that name one message that was set aside.</summary>
internal sealed class DeadLetterChoice
{
    private readonly Argument<string> _peer = Parameters.Peer();
    private readonly Argument<ulong?> _number = new("number")
    {
        Description = "The message's number, as 'dead-letters list' shows it.",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Parameters.Read<ulong>(result, "a whole number, 1 or more", min: 1),
    };

    private readonly Option<Guid?> _stream = new("--stream")
    {
        Description = "The sender's stream; needed when two streams have that number.",
        HelpName = "guid",
        CustomParser = result => Parameters.Read<Guid>(result, Parameters.GuidForm),
    };

    private readonly Option<string> _identity = Parameters.Identity();

    internal Symbol[] Symbols => [_peer, _number, _stream, _identity];

    internal async Task<MessageDocument> FindAsync(CommandCall call, INode node)
    {
        var (peer, number) = (call.Get(_peer)!, call.Get(_number)!.Value);
        var list = await node.AskAsync(
            NodeOperations.ListDeadLetters, new PeerReference(call.Get(_identity)!, peer), call.Stopping);
        var stream = call.Get(_stream);
        var matches = list.Messages.Where(message => message.Number == number && (stream is null || message.Stream == stream)).ToList();
        return matches.Count switch
        {
            0 => throw HostErrors.NoSuchDeadLetter(peer, number),
            1 => matches[0],
            _ => throw HostErrors.AmbiguousDeadLetter(number),
        };
    }
}
