using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Kyberium.Engine.AspNetCore.Tests;

/// <summary>What the endpoints say to requests that no engine sends.</summary>
public sealed class LinkEndpointTests
{
    private const int RequestBytesMax = 2 << 20;

    [Theory]
    [InlineData("", 400)]
    [InlineData("00000000", 400)]
    [InlineData("0000002c00", 400)]
    [InlineData("ffffffff00000000", 400)]
    public async Task Malformed_bodies_are_refused_and_nothing_is_handed_on(string hex, int status)
    {
        var receiver = new RecordingReceiver();
        await using var server = await HttpPeerLinkTests.ListenAsync(receiver);
        using var response = await LinkBodies.PostAsync(server.ListenAddress!, Convert.FromHexString(hex));
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
        Assert.Equal(0, receiver.Waiting);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task More_bytes_than_allowed_are_refused_whether_announced_or_not(bool announced)
    {
        var receiver = new RecordingReceiver();
        await using var server = await HttpPeerLinkTests.ListenAsync(
            receiver, new HttpPeerLinkOptions { Listen = "http://127.0.0.1:0", RequestBytesMax = RequestBytesMax });
        var body = LinkBodies.Body([.. Enumerable.Range(0, 3).Select(number => LinkBodies.Envelope(1_000_000, (byte)number))]);
        using var response = await LinkBodies.PostAsync(server.ListenAddress!, body, tellLength: announced);
        Assert.Equal(413, (int)response.StatusCode);
        Assert.InRange(receiver.Waiting, 0, announced ? 0 : 2);
    }

    [Theory]
    [InlineData("application/json")]
    [InlineData("application/vnd.kyberium.envelopes; version=2")]
    public async Task Another_content_type_is_refused(string contentType)
    {
        await using var server = await HttpPeerLinkTests.ListenAsync(new RecordingReceiver());
        using var response = await LinkBodies.PostAsync(server.ListenAddress!, LinkBodies.Body(LinkBodies.Envelope(44, 1)), contentType);
        Assert.Equal(415, (int)response.StatusCode);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/kyberium/v1/")]
    [InlineData("/kyberium/v2/envelopes")]
    public async Task Nothing_else_is_served(string path)
    {
        await using var server = await HttpPeerLinkTests.ListenAsync(new RecordingReceiver());
        using var client = new HttpClient
        {
            DefaultRequestVersion = System.Net.HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using var response = await client.GetAsync(new Uri(server.ListenAddress + path));
        Assert.Equal(404, (int)response.StatusCode);
        Assert.False(response.Headers.Contains("Server"));
    }

    [Fact]
    public async Task Envelopes_of_an_unknown_peer_are_answered_like_any_other()
    {
        await using var pair = await HttpEngines.StartAsync();
        using var response = await LinkBodies.PostAsync(pair.Bob.Address, LinkBodies.Body(LinkBodies.Envelope(44, 0xff), LinkBodies.Envelope(700, 1)));
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Empty(await response.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_web_application_serves_the_link_from_its_own_server()
    {
        var receiver = new RecordingReceiver();
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(
            System.Net.IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http2));
        await using var application = builder.Build();
        application.MapKyberiumLink(receiver);
        application.MapGet("/", () => "the service itself");
        await application.StartAsync();
        await using var client = new HttpPeerLink(new HttpPeerLinkOptions());

        await client.SendAsync(application.Urls.First(), [LinkBodies.Envelope(44, 7)]);

        Assert.Equal(7, (await receiver.NextAsync()).Envelope[0]);
    }
}
