using System.Net;
using System.Net.Sockets;

namespace Kyberium.Engine.AspNetCore.Tests;

/// <summary>One sending and one listening link over loopback, with a stand-in for the engine.</summary>
public sealed class HttpPeerLinkTests
{
    private const string AnyPort = "http://127.0.0.1:0";

    [Fact]
    public async Task Envelopes_arrive_whole_in_order_and_with_their_source()
    {
        var receiver = new RecordingReceiver();
        await using var server = await ListenAsync(receiver);
        await using var client = new HttpPeerLink(new HttpPeerLinkOptions());
        byte[][] envelopes = [.. Enumerable.Range(0, 50).Select(number => LinkBodies.Envelope(44 + (number * 997), (byte)number))];

        var returned = await client.SendAsync(server.ListenAddress!, [.. envelopes.Select(envelope => (ReadOnlyMemory<byte>)envelope)]);

        Assert.Empty(returned);
        foreach (var envelope in envelopes)
        {
            var (arrived, source) = await receiver.NextAsync();
            Assert.Equal(envelope, arrived);
            Assert.Equal("127.0.0.1", source);
        }
    }

    [Fact]
    public async Task Batches_above_the_request_limit_and_the_largest_envelopes_arrive()
    {
        var receiver = new RecordingReceiver();
        var options = new HttpPeerLinkOptions { Listen = AnyPort, RequestBytesMax = 2 << 20 };
        await using var server = await ListenAsync(receiver, options);
        await using var client = new HttpPeerLink(new HttpPeerLinkOptions { RequestBytesMax = 2 << 20 });
        byte[][] envelopes = [.. Enumerable.Range(1, 5).Select(number => LinkBodies.Envelope(1_114_156, (byte)number))];

        await client.SendAsync(server.ListenAddress!, [.. envelopes.Select(envelope => (ReadOnlyMemory<byte>)envelope)]);

        foreach (var envelope in envelopes)
        {
            Assert.True((await receiver.NextAsync()).Envelope.AsSpan().SequenceEqual(envelope));
        }
    }

    [Fact]
    public async Task What_the_receiver_hands_back_returns_to_the_sender()
    {
        var receiver = new RecordingReceiver(envelope => envelope[0] % 2 == 0 ? LinkBodies.Envelope(100, envelope[0]) : []);
        await using var server = await ListenAsync(receiver);
        await using var client = new HttpPeerLink(new HttpPeerLinkOptions());

        var returned = await client.SendAsync(
            server.ListenAddress!, [LinkBodies.Envelope(44, 2), LinkBodies.Envelope(44, 3), LinkBodies.Envelope(44, 4)]);

        Assert.Equal([LinkBodies.Envelope(100, 2), LinkBodies.Envelope(100, 4)], returned.Select(reply => reply.ToArray()));
    }

    [Fact]
    public async Task Replies_beyond_the_response_limit_are_dropped()
    {
        var receiver = new RecordingReceiver(_ => LinkBodies.Envelope(1_000, 1));
        await using var server = await ListenAsync(receiver, new HttpPeerLinkOptions { Listen = AnyPort, ResponseBytesMax = 2_048 });
        await using var client = new HttpPeerLink(new HttpPeerLinkOptions());

        var returned = await client.SendAsync(
            server.ListenAddress!, [LinkBodies.Envelope(44, 1), LinkBodies.Envelope(44, 2), LinkBodies.Envelope(44, 3)]);

        Assert.Equal(2, returned.Count);
    }

    [Fact]
    public async Task A_larger_response_than_allowed_is_not_read()
    {
        var receiver = new RecordingReceiver(_ => LinkBodies.Envelope(10_000, 1));
        await using var server = await ListenAsync(receiver);
        await using var client = new HttpPeerLink(new HttpPeerLinkOptions { ResponseBytesMax = 2_048 });

        await AssertUnreachableAsync(client, server.ListenAddress!);
    }

    [Fact]
    public async Task The_answer_waits_until_the_receiver_has_room()
    {
        var room = new TaskCompletionSource();
        var receiver = new RecordingReceiver { Gate = room.Task };
        await using var server = await ListenAsync(receiver);
        await using var client = new HttpPeerLink(new HttpPeerLinkOptions());

        var sending = client.SendAsync(server.ListenAddress!, [LinkBodies.Envelope(44, 1)]).AsTask();
        using (var health = await GetHealthAsync(server.ListenAddress!))       // the server serves meanwhile
        {
            Assert.Equal("ok\n", await health.Content.ReadAsStringAsync());
        }

        Assert.False(sending.IsCompleted);
        room.SetResult();
        await sending;
    }

    [Fact]
    public async Task A_peer_that_does_not_answer_in_time_is_unreachable()
    {
        var receiver = new RecordingReceiver { Gate = new TaskCompletionSource().Task };
        await using var server = await ListenAsync(receiver);
        await using var client = new HttpPeerLink(new HttpPeerLinkOptions { RequestTimeout = TimeSpan.FromMilliseconds(50) });

        await AssertUnreachableAsync(client, server.ListenAddress!);
    }

    [Fact]
    public async Task Cancelling_a_send_is_not_an_unreachable_peer()
    {
        var receiver = new RecordingReceiver { Gate = new TaskCompletionSource().Task };
        await using var server = await ListenAsync(receiver);
        await using var client = new HttpPeerLink(new HttpPeerLinkOptions());
        using var cancel = new CancellationTokenSource();

        var sending = client.SendAsync(server.ListenAddress!, [LinkBodies.Envelope(44, 1)], cancel.Token).AsTask();
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Fact]
    public async Task A_server_that_went_away_is_unreachable_and_reached_again_when_it_is_back()
    {
        var first = new RecordingReceiver();
        var server = await ListenAsync(first);
        var address = server.ListenAddress!;
        await using var client = new HttpPeerLink(new HttpPeerLinkOptions());
        await client.SendAsync(address, [LinkBodies.Envelope(44, 1)]);
        await first.NextAsync();

        await server.DisposeAsync();
        await AssertUnreachableAsync(client, address);

        var second = new RecordingReceiver();
        await using var again = await ListenAsync(second, new HttpPeerLinkOptions { Listen = address });
        await client.SendAsync(address, [LinkBodies.Envelope(44, 2)]);
        Assert.Equal(2, (await second.NextAsync()).Envelope[0]);
    }

    [Fact]
    public async Task Something_that_is_no_link_is_unreachable()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answering = AnswerAsync(listener);
        await using var client = new HttpPeerLink(new HttpPeerLinkOptions());

        await AssertUnreachableAsync(client, $"http://{listener.LocalEndpoint}");
        await answering;

        static async Task AnswerAsync(TcpListener listener)
        {
            using var connection = await listener.AcceptTcpClientAsync();
            await connection.GetStream().WriteAsync("220 mail.example.org ESMTP\r\n"u8.ToArray());
        }
    }

    [Fact]
    public async Task A_closed_link_sends_no_more()
    {
        var client = new HttpPeerLink(new HttpPeerLinkOptions());
        await client.DisposeAsync();
        await AssertUnreachableAsync(client, "http://127.0.0.1:1");
    }

    [Fact]
    public async Task A_taken_port_is_reported_with_its_address()
    {
        await using var server = await ListenAsync(new RecordingReceiver());
        var second = new HttpPeerLink(new HttpPeerLinkOptions { Listen = server.ListenAddress });
        var failure = await Assert.ThrowsAsync<EngineException>(async () => await second.StartAsync(new RecordingReceiver()));
        Assert.Equal(EngineErrorCode.OptionsInvalid, failure.Code);
        Assert.Contains(server.ListenAddress!, failure.Message, StringComparison.Ordinal);
        await second.DisposeAsync();
    }

    [Theory]
    [InlineData("127.0.0.1:5443")]
    [InlineData("http://127.0.0.1")]
    [InlineData("http://example.org:80")]
    [InlineData("ftp://127.0.0.1:21")]
    [InlineData("http://127.0.0.1:65536")]
    [InlineData("http://::1:80")]
    [InlineData("https://127.0.0.1:0")]
    public void A_listen_address_that_cannot_work_is_refused_at_once(string listen) =>
        Assert.Equal(
            EngineErrorCode.OptionsInvalid,
            Assert.Throws<EngineException>(() => new HttpPeerLink(new HttpPeerLinkOptions { Listen = listen })).Code);

    [Theory]
    [InlineData("http://host:5443", true)]
    [InlineData("https://host/base", true)]
    [InlineData("memory://bob", false)]
    [InlineData("http://user@host", false)]
    [InlineData("https://host?query", false)]
    [InlineData("", false)]
    public async Task Addresses_are_known_by_their_form(string address, bool reaches)
    {
        await using var client = new HttpPeerLink(new HttpPeerLinkOptions());
        Assert.Equal(reaches, client.CanReach(address));
    }

    internal static async Task<HttpPeerLink> ListenAsync(IPeerLinkReceiver receiver, HttpPeerLinkOptions? options = null)
    {
        var link = new HttpPeerLink(options ?? new HttpPeerLinkOptions { Listen = AnyPort });
        await link.StartAsync(receiver);
        return link;
    }

    private static async Task AssertUnreachableAsync(HttpPeerLink link, string address)
    {
        var failure = await Assert.ThrowsAsync<EngineException>(
            async () => await link.SendAsync(address, [LinkBodies.Envelope(44, 1)]));
        Assert.Equal(EngineErrorCode.PeerUnreachable, failure.Code);
    }

    private static async Task<HttpResponseMessage> GetHealthAsync(string address)
    {
        using var client = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, address + "/kyberium/v1/health")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        return await client.SendAsync(request);
    }
}
