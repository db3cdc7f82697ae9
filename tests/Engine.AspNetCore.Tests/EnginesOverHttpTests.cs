using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Kyberium.Engine.AspNetCore.Tests;

/// <summary>Two real engines over loopback: handshake, durable messages both ways, fail-over, a peer that goes and comes.</summary>
public sealed class EnginesOverHttpTests
{
    [Fact]
    public async Task Durable_messages_go_both_ways_in_order()
    {
        await using var pair = await HttpEngines.StartAsync();
        for (var number = 0; number < 20; number++)
        {
            await SendAsync(pair.Alice, HttpEngines.BobPeer, $"to bob {number}");
            await SendAsync(pair.Bob, HttpEngines.AlicePeer, $"to alice {number}");
        }

        for (var number = 0; number < 20; number++)
        {
            Assert.Equal($"to bob {number}", await pair.Bob.ReceiveAsync());
            Assert.Equal($"to alice {number}", await pair.Alice.ReceiveAsync());
        }
    }

    [Fact]
    public async Task The_largest_durable_message_arrives()
    {
        await using var pair = await HttpEngines.StartAsync();
        var text = new string('k', 1 << 20);
        await SendAsync(pair.Alice, HttpEngines.BobPeer, text);
        Assert.Equal(text, await pair.Bob.ReceiveAsync());
    }

    [Fact]
    public async Task The_next_address_is_used_when_one_does_not_answer()
    {
        await using var pair = await HttpEngines.StartAsync(UnusedAddress(), "https://127.0.0.1:1");
        await SendAsync(pair.Alice, HttpEngines.BobPeer, "by the last address");
        Assert.Equal("by the last address", await pair.Bob.ReceiveAsync());
    }

    [Fact]
    public async Task What_was_sent_while_the_peer_was_away_arrives_when_it_is_back()
    {
        await using var pair = await HttpEngines.StartAsync();
        await SendAsync(pair.Alice, HttpEngines.BobPeer, "before");
        Assert.Equal("before", await pair.Bob.ReceiveAsync());

        await pair.Bob.StopAsync();
        await SendAsync(pair.Alice, HttpEngines.BobPeer, "during");
        await pair.Bob.StartAsync();
        await SendAsync(pair.Alice, HttpEngines.BobPeer, "after");

        Assert.Equal("during", await pair.Bob.ReceiveAsync());
        Assert.Equal("after", await pair.Bob.ReceiveAsync());
    }

    [Fact]
    public async Task A_peer_without_an_address_is_answered_by_its_own_calls_and_may_be_spoken_to_first()
    {
        await using var pair = await HttpEngines.StartOneWayAsync();
        await SendAsync(pair.Bob, HttpEngines.AlicePeer, "bob speaks first");
        Assert.Equal("bob speaks first", await pair.Alice.ReceiveAsync());

        for (var number = 0; number < 10; number++)
        {
            await SendAsync(pair.Alice, HttpEngines.BobPeer, $"to bob {number}");
            await SendAsync(pair.Bob, HttpEngines.AlicePeer, $"to alice {number}");
        }

        for (var number = 0; number < 10; number++)
        {
            Assert.Equal($"to bob {number}", await pair.Bob.ReceiveAsync());
            Assert.Equal($"to alice {number}", await pair.Alice.ReceiveAsync());
        }

        var large = new string('k', 1 << 20);
        await SendAsync(pair.Bob, HttpEngines.AlicePeer, large);
        Assert.Equal(large, await pair.Alice.ReceiveAsync());
    }

    [Fact]
    public async Task A_peer_without_an_address_finds_the_other_again_after_it_was_away()
    {
        await using var pair = await HttpEngines.StartOneWayAsync();
        await SendAsync(pair.Bob, HttpEngines.AlicePeer, "before");
        Assert.Equal("before", await pair.Alice.ReceiveAsync());

        await pair.Bob.StopAsync();
        await pair.Bob.StartAsync();
        await SendAsync(pair.Bob, HttpEngines.AlicePeer, "after");

        Assert.Equal("after", await pair.Alice.ReceiveAsync());
    }

    private static Task<SentMessage> SendAsync(HttpEngineHome from, PeerId to, string text) => from.Engine.SendAsync(to, Encoding.UTF8.GetBytes(text));

    private static string UnusedAddress()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"http://{(IPEndPoint)listener.LocalEndpoint}";
    }
}
