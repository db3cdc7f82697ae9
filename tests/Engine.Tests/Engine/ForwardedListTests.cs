using System.Text;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Goal: what was set aside is listed alike on every node, however long it is. Method: the link takes no answer of more than 2 MiB, as the real one.</summary>
public sealed class ForwardedListTests
{
    private const int AnswerBytesMax = 2 << 20;

    private static readonly PeerId Cluster = new("cluster");

    private static CancellationToken Timely => Party.Timely;

    [Fact]
    public async Task Streams_longer_than_an_answer_are_listed_from_another_node_among_the_others()
    {
        await using var cluster = new MemoryCluster { Configure = static options => options.Delivery.HandlerAttemptsMax = 1 };
        var (one, two) = (await cluster.StartAsync("one"), await cluster.StartAsync("two"));
        await using var bob = new Party("bob", cluster.Network);
        await bob.StartAsync();
        await bob.Engine.CreateIdentityAsync(IdentityName.Default);
        var identity = await one.Engine.CreateIdentityAsync(IdentityName.Default, cancellationToken: Timely);
        await one.Engine.AddPeerAsync(new NewPeer { Peer = bob.Id, PublicDocument = bob.Document(), Addresses = [bob.Address] }, cancellationToken: Timely);
        await bob.Engine.AddPeerAsync(
            new NewPeer { Peer = Cluster, PublicDocument = identity.PublicDocument, Addresses = ["memory://one"] }, cancellationToken: Timely);

        await bob.Engine.SendAsync(Cluster, "first"u8.ToArray(), cancellationToken: Timely);
        await StreamAsync(bob, 3 << 20);
        await bob.Engine.SendAsync(Cluster, "second"u8.ToArray(), cancellationToken: Timely);
        await StreamAsync(bob, 600_000);
        await StreamAsync(bob, 0);
        await StreamAsync(bob, (2 << 20) + 1);
        await bob.Engine.SendAsync(Cluster, "last"u8.ToArray(), cancellationToken: Timely);
        var count = 0;
        await foreach (var message in one.Engine.ReceiveAsync(Timely))
        {
            await one.Engine.RejectAsync(message.Id, Timely);
            if (++count == 7)
            {
                break;
            }
        }

        two.OnSend = static async (_, _, ask) =>
        {
            var answer = await ask();
            return answer.Payload.Length > AnswerBytesMax ? ClusterAnswer.Failed(EngineErrorCode.PayloadTooLarge, "more than the link takes") : answer;
        };
        var here = await one.Engine.ListSetAsideAsync(bob.Id, cancellationToken: Timely);
        var listed = await two.Engine.ListSetAsideAsync(bob.Id, cancellationToken: Timely);

        Assert.Equal(7, here.Count);
        Assert.Equal(here.Select(Told), listed.Select(Told));
        await two.Engine.DropAsync(listed[1].Id, cancellationToken: Timely);
        Assert.Equal(
            (await one.Engine.ListSetAsideAsync(bob.Id, cancellationToken: Timely)).Select(Told),
            (await two.Engine.ListSetAsideAsync(bob.Id, cancellationToken: Timely)).Select(Told));
    }

    private static Task<SentMessage> StreamAsync(Party from, int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return from.Engine.SendStreamAsync(Cluster, new MemoryStream(bytes), cancellationToken: new CancellationTokenSource(TimeSpan.FromMinutes(2)).Token);
    }

    private static (ReceivedMessageId, int, string, string?) Told(ReceivedMessage message)
    {
        using var stream = message.Stream?.OpenRead();
        return (message.Id, message.Attempt, Encoding.UTF8.GetString(message.Payload.Span),
            stream is null ? null : Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(stream)));
    }
}
