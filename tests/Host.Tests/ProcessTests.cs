using System.Net.Sockets;
using System.Text;

namespace Kyberium.Host.Tests;

/// <summary>What only real processes show: nodes that are killed or told twice to stop, and one that nobody can call.</summary>
public sealed class ProcessTests
{
    [Fact]
    public async Task A_socket_left_by_kill_9_stops_neither_a_command_nor_the_next_node()
    {
        using var node = await ScratchNode.CreateAsync();
        string path;
        using (var killed = await KyberiumProcess.ServeAsync(node))
        {
            path = killed.ControlPath;
            await killed.SignalAsync("KILL");
            Assert.Equal(137, await killed.EndAsync());
        }

        Assert.True(File.Exists(path), "the kill left no socket, and nothing was tested");
        await node.SucceedAsync("identity", "list");
        using var next = await KyberiumProcess.ServeAsync(node);
        Assert.Equal(path, next.ControlPath);
        await node.FailsAsync(70, 4003, "restore", "--accept");      // says that a node runs: the socket is a living one's
        await next.SignalAsync("TERM");
        Assert.Equal(0, await next.EndAsync());
        Assert.False(File.Exists(path));
    }

    [Theory, InlineData("TERM", 143), InlineData("INT", 130)]
    public async Task The_first_signal_finishes_what_was_accepted_and_the_second_one_kills(string signal, int exitCode)
    {
        using var node = await ScratchNode.CreateAsync();
        using var other = await ScratchNode.CreateAsync();
        await node.SucceedAsync("peer", "add", "bob", other.Document);
        using var serving = await KyberiumProcess.ServeAsync(
            node, "--set", "kyberium.host.drain-timeout=10m", "--set", "kyberium.engine.handshake.timeout=5m");

        // Waits for a session with somebody who has no address: a request in progress, which a stop waits for.
        using var asking = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await asking.ConnectAsync(new UnixDomainSocketEndPoint(serving.ControlPath));
        const string Body = """{"identity":"default","peer":"bob"}""";
        await asking.SendAsync(Encoding.ASCII.GetBytes(
            $"POST /v1/connect HTTP/1.1\r\nHost: kyberium\r\nContent-Length: {Body.Length}\r\nExpect: 100-continue\r\n\r\n"));
        var answer = new byte[256];
        var length = await asking.ReceiveAsync(answer).WaitAsync(ScratchNode.Patience);
        Assert.StartsWith("HTTP/1.1 100", Encoding.ASCII.GetString(answer, 0, length), StringComparison.Ordinal);    // it is being served
        await asking.SendAsync(Encoding.ASCII.GetBytes(Body));

        await serving.SignalAsync(signal);
        await serving.Stopping.WaitAsync(ScratchNode.Patience);
        Assert.False(serving.HasEnded);
        await serving.SignalAsync(signal);
        Assert.Equal(exitCode, await serving.EndAsync());
        await node.SucceedAsync("identity", "list");
    }

    [Fact]
    public async Task A_node_that_nobody_can_call_sends_and_receives_by_its_own_calls()
    {
        using var hub = await ScratchNode.CreateAsync();
        using var edge = await ScratchNode.CreateAsync();
        using var hubServes = await KyberiumProcess.ServeAsync(hub, "--set", "kyberium.host.listen=http://127.0.0.1:0");
        using var edgeServes = await KyberiumProcess.ServeAsync(edge, "--set", "kyberium.host.link.collects=true");
        Assert.Equal("nowhere", edgeServes.Address);
        await hub.SucceedAsync("peer", "add", "edge", edge.Document);        // no address
        await edge.SucceedAsync("peer", "add", "hub", hub.Document, "--address", hubServes.Address);

        await hub.SucceedAsync("send", "edge", "to whom nobody can call");
        Assert.Equal("hub 1: to whom nobody can call\n", (await edge.SucceedAsync("receive", "--count", "1")).Output);
        await edge.SucceedAsync("send", "hub", "and back");
        Assert.Equal("edge 1: and back\n", (await hub.SucceedAsync("receive", "--count", "1")).Output);
    }

    [Fact]
    public async Task A_data_directory_with_a_long_path_is_reached_all_the_same()
    {
        using var node = new ScratchNode(new string('d', 120));
        await node.SucceedAsync("keyring", "create");
        await node.SucceedAsync("identity", "create");
        using var serving = await KyberiumProcess.ServeAsync(node);
        Assert.True(Encoding.UTF8.GetByteCount(serving.ControlPath) <= 103, serving.ControlPath);
        await node.FailsAsync(70, 4003, "restore", "--accept");
        await serving.SignalAsync("TERM");
        Assert.Equal(0, await serving.EndAsync());
        Assert.False(File.Exists(Path.Combine(node.Data, "control.path")));
        Assert.False(Directory.Exists(Path.GetDirectoryName(serving.ControlPath)));
    }
}
