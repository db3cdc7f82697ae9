using System.Text;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>The engine as an embedding service meets it, over an in-memory network and store.</summary>
public sealed class SessionEngineTests
{
    private static CancellationToken Timely => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    [Fact]
    public async Task A_sealed_payload_opens_at_the_peer_and_once_only()
    {
        await using var pair = await TwoEngines.StartAsync();
        await pair.Alice.ConnectAsync(TwoEngines.BobPeer, cancellationToken: Timely);
        var envelope = await pair.Alice.SealAsync(TwoEngines.BobPeer, "hello"u8.ToArray(), cancellationToken: Timely);

        var opened = await pair.Bob.OpenAsync(envelope, Timely);

        Assert.Equal("alice", opened.Peer.Value);
        Assert.Equal("hello", Encoding.UTF8.GetString(opened.Payload.Span));
        var replay = await Assert.ThrowsAsync<EngineException>(async () => await pair.Bob.OpenAsync(envelope, Timely));
        Assert.Equal(EngineErrorCode.EnvelopeRejected, replay.Code);
    }

    [Fact]
    public async Task Durable_messages_arrive_in_order_both_ways()
    {
        await using var pair = await TwoEngines.StartAsync();
        for (var i = 0; i < 200; i++)
        {
            await pair.Alice.SendAsync(TwoEngines.BobPeer, Encoding.UTF8.GetBytes($"a{i}"), cancellationToken: Timely);
            await pair.Bob.SendAsync(TwoEngines.AlicePeer, Encoding.UTF8.GetBytes($"b{i}"), cancellationToken: Timely);
        }

        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"a{i}"), await ReceiveAsync(pair.Bob, 200));
        Assert.Equal(Enumerable.Range(0, 200).Select(i => $"b{i}"), await ReceiveAsync(pair.Alice, 200));
    }

    [Fact]
    public async Task What_was_sent_and_not_acknowledged_survives_a_restart_of_both_sides()
    {
        await using var pair = await TwoEngines.StartAsync();
        await pair.Alice.SendAsync(TwoEngines.BobPeer, "before"u8.ToArray(), cancellationToken: Timely);
        await pair.BobHome.Engine.DisposeAsync();
        await pair.Alice.SendAsync(TwoEngines.BobPeer, "while away"u8.ToArray(), cancellationToken: Timely);
        await pair.AliceHome.RestartAsync();
        await pair.BobHome.RestartAsync();
        await pair.Alice.SendAsync(TwoEngines.BobPeer, "after"u8.ToArray(), cancellationToken: Timely);

        Assert.Equal(["before", "while away", "after"], await ReceiveAsync(pair.Bob, 3));
    }

    [Fact]
    public async Task A_rekey_on_command_makes_the_next_epoch_and_traffic_goes_on()
    {
        await using var pair = await TwoEngines.StartAsync();
        await pair.Alice.ConnectAsync(TwoEngines.BobPeer, cancellationToken: Timely);
        await pair.Alice.RekeyAsync(TwoEngines.BobPeer, cancellationToken: Timely);
        while ((await pair.Alice.GetPeerAsync(TwoEngines.BobPeer, cancellationToken: Timely)).Epoch == 0)
        {
            await Task.Yield();
        }

        var envelope = await pair.Alice.SealAsync(TwoEngines.BobPeer, "epoch 1"u8.ToArray(), cancellationToken: Timely);
        Assert.Equal("epoch 1", Encoding.UTF8.GetString((await pair.Bob.OpenAsync(envelope, Timely)).Payload.Span));
    }

    [Fact]
    public async Task A_reader_that_leaves_takes_nothing_along_that_it_did_not_see()
    {
        await using var pair = await TwoEngines.StartAsync();
        for (var i = 0; i < 150; i++)
        {
            await pair.Alice.SendAsync(TwoEngines.BobPeer, Encoding.UTF8.GetBytes($"a{i}"), cancellationToken: Timely);
        }

        while ((await pair.Bob.GetPeerAsync(TwoEngines.AlicePeer, cancellationToken: Timely)).InboxCount < 150)
        {
            await Task.Yield();
        }

        var received = new List<string>();
        while (received.Count < 150)
        {
            received.AddRange(await ReceiveAsync(pair.Bob, Math.Min(4, 150 - received.Count)));       // leaves amid what was taken
        }

        Assert.Equal(Enumerable.Range(0, 150).Select(i => $"a{i}"), received);
    }

    /// <summary>Goal: a peer that starts anew is heard even when several of its first records arrive before the first is reserved.
    /// Method: bob restarts, so his incarnation is new, and sends in bursts; many times, since which records share a turn is chance.</summary>
    [Fact]
    public async Task A_burst_under_a_new_incarnation_is_not_taken_for_an_old_one()
    {
        await using var pair = await TwoEngines.StartAsync();
        for (var round = 0; round < 12; round++)
        {
            await pair.BobHome.RestartAsync();
            await Task.WhenAll(Enumerable.Range(0, 8).SelectMany(i => new Task[]
            {
                pair.Bob.SendAsync(TwoEngines.AlicePeer, new byte[] { (byte)i }, cancellationToken: Timely),
                pair.Alice.SendAsync(TwoEngines.BobPeer, new byte[] { (byte)i }, cancellationToken: Timely),
            }));
            await ReceiveAsync(pair.Alice, 8);
            await ReceiveAsync(pair.Bob, 8);
        }
    }

    private static async Task<List<string>> ReceiveAsync(SessionEngine engine, int count)
    {
        var received = new List<string>();
        await foreach (var message in engine.ReceiveAsync(Timely))
        {
            received.Add(Encoding.UTF8.GetString(message.Payload.Span));
            await engine.AcknowledgeAsync(message.Id, Timely);
            if (received.Count == count)
            {
                break;
            }
        }

        return received;
    }
}
