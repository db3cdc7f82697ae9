using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Engine.Cluster.Framing;
using Kyberium.Engine.Cluster.Links;
using Kyberium.Engine.Cluster.Tests.Joining;
using Kyberium.Tests.Support;

namespace Kyberium.Engine.Cluster.Tests.Links;

/// <summary>A side that has fallen silent: when it is asked, and when it is given up. Time is the test's.</summary>
public sealed class PulseTests : IAsyncLifetime
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly ManualTime _clock = new(TimeProvider.System.GetUtcNow());
    private readonly TestCluster _cluster = new();
    private int _asked, _lost;

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public void Who_says_something_is_not_asked_and_who_answers_is_kept()
    {
        using var pulse = Pulse();
        _clock.Leap(2 * Second);
        pulse.Heard();
        _clock.Leap(2 * Second);
        Assert.Equal((0, 0), (_asked, _lost));

        _clock.Leap(Second);
        Assert.Equal((1, 0), (_asked, _lost));
        pulse.Heard();
        _clock.Leap(5 * Second);     // longer than it may be silent, since it answered at once
        Assert.Equal((2, 0), (_asked, _lost));
    }

    [Fact]
    public void Who_does_not_answer_is_given_up_when_the_time_for_it_is_over()
    {
        using var pulse = Pulse();
        _clock.Leap(3 * Second);
        _clock.Leap(4 * Second);
        Assert.Equal((1, 0), (_asked, _lost));
        _clock.Leap(Second);
        Assert.Equal((1, 1), (_asked, _lost));
        _clock.Leap(100 * Second);
        Assert.Equal((1, 1), (_asked, _lost));
    }

    [Fact]
    public void Who_slept_asks_first()
    {
        using var pulse = Pulse();
        _clock.Leap(1_000 * Second);
        Assert.Equal((1, 0), (_asked, _lost));
    }

    [Fact]
    public void After_its_end_nobody_is_asked()
    {
        Pulse().Dispose();
        _clock.Leap(100 * Second);
        Assert.Equal((0, 0), (_asked, _lost));
    }

    [Fact]
    public async Task A_caller_that_falls_silent_is_asked_and_its_connection_ends()
    {
        await using var caller = await CallAsync(new ClusterLinkServerOptions { Listen = TestCluster.Options().Listen, KeepAliveTimeout = 3 * Second, TimeProvider = _clock });
        await caller.WriteAsync(Frame(writer => writer.Hello()));
        Assert.Equal(ItemKind.Welcome, await NextAsync(caller));
        await caller.WriteAsync(Frame(writer => writer.Ask()));
        Assert.Equal(ItemKind.Here, await NextAsync(caller));

        _clock.Leap(3 * Second);
        Assert.Equal(ItemKind.Ask, await NextAsync(caller));
        await caller.WriteAsync(Frame(writer =>
        {
            writer.Here();
            writer.Ask();
        }));
        Assert.Equal(ItemKind.Here, await NextAsync(caller));
        _clock.Leap(3 * Second);
        Assert.Equal(ItemKind.Ask, await NextAsync(caller));        // it answered, so it is asked again and not given up

        _clock.Leap(3 * Second);
        Assert.Null(await NextAsync(caller));
    }

    [Fact]
    public async Task A_caller_that_says_no_hello_is_not_kept()
    {
        await using var caller = await CallAsync(new ClusterLinkServerOptions { Listen = TestCluster.Options().Listen, TimeProvider = _clock });
        await _clock.AsleepAsync(2);        // its certificate's end, and the wait for hello
        _clock.Leap(10 * Second);
        Assert.Null(await NextAsync(caller));
    }

    [Fact]
    public async Task A_caller_that_speaks_another_protocol_is_refused_in_the_handshake()
    {
        var server = await _cluster.ServeAsync(new NoHandler());
        using var socket = new TcpClient();
        await socket.ConnectAsync(server.Address);
        await using var stream = new SslStream(socket.GetStream());
        var options = Tls();
        options.ApplicationProtocols = [SslApplicationProtocol.Http2];

        Assert.False(await IsLetInAsync(stream, options));
        await using var caller = await CallAsync(server);
        Assert.Equal(LinkTls.Protocol, caller.NegotiatedApplicationProtocol);
    }

    private static async Task<bool> IsLetInAsync(SslStream stream, SslClientAuthenticationOptions options)
    {
        try
        {
            await stream.AuthenticateAsClientAsync(options).WaitAsync(TestCluster.Patience);
            return await NextAsync(stream) is not null;
        }
        catch (Exception refused) when (refused is AuthenticationException or IOException)
        {
            return false;
        }
    }

    private Pulse Pulse() => new(_clock, 3 * Second, 5 * Second, () => _asked++, () => _lost++);

    private SslClientAuthenticationOptions Tls() =>
        LinkTls.Client(_cluster.Identity("client").Current, new NodeId("server"), "127.0.0.1", TimeProvider.System, reason => Assert.Fail(reason));

    private async Task<SslStream> CallAsync(ClusterLinkServerOptions options) => await CallAsync(await _cluster.ServeAsync(new NoHandler(), options: options));

    private async Task<SslStream> CallAsync(ClusterLinkServer server)
    {
        var socket = new TcpClient();
        await socket.ConnectAsync(server.Address);
        var stream = new SslStream(socket.GetStream());
        await stream.AuthenticateAsClientAsync(Tls()).WaitAsync(TestCluster.Patience);
        return stream;
    }

    private static ReadOnlyMemory<byte> Frame(Action<FrameWriter> write)
    {
        using var writer = new FrameWriter();
        write(writer);
        return writer.Finish().ToArray();
    }

    /// <summary>Reads one frame of one item; <see langword="null"/>: the connection has ended.</summary>
    private static async Task<ItemKind?> NextAsync(SslStream stream)
    {
        using var patience = new CancellationTokenSource(TestCluster.Patience);
        try
        {
            var head = new byte[FrameFormat.HeadSize];
            await stream.ReadExactlyAsync(head, patience.Token);
            Assert.Equal(Reading.Nothing, FrameReader.TryFrame(head, out var size));
            var items = new byte[size - head.Length];
            await stream.ReadExactlyAsync(items, patience.Token);
            return KindOf(items);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static ItemKind KindOf(byte[] items)
    {
        var reader = new FrameReader(items);
        Assert.Equal(Reading.Whole, reader.TryNext(out var item));
        Assert.Equal(Reading.Nothing, reader.TryNext(out _));
        return item.Kind;
    }

    private sealed class NoHandler : IClusterRequestHandler
    {
        public ValueTask<ClusterAnswer> HandleAsync(NodeId caller, ClusterRequest request, CancellationToken cancellationToken) =>
            throw new InvalidOperationException("nothing is asked here");
    }
}
