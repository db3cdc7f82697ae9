using System.Text;
using Kyberium.Engine.Links;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>An engine that nobody can call, and one that has no address for it.</summary>
public sealed class CollectingTests
{
    private static readonly PeerId Edge = new("edge");
    private static readonly PeerId Hub = new("hub");

    [Fact]
    public async Task Messages_go_both_ways_and_the_hub_speaks_first_without_an_address()
    {
        await using var pair = await EdgeAndHub.StartAsync();

        await pair.HubEngine.SendAsync(Edge, "hub speaks first"u8.ToArray(), cancellationToken: Party.Timely);
        Assert.Equal(["hub speaks first"], await ReceiveAsync(pair.EdgeEngine, 1));
        for (var i = 0; i < 50; i++)
        {
            await pair.EdgeEngine.SendAsync(Hub, Encoding.UTF8.GetBytes($"up {i}"), cancellationToken: Party.Timely);
            await pair.HubEngine.SendAsync(Edge, Encoding.UTF8.GetBytes($"down {i}"), cancellationToken: Party.Timely);
        }

        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"up {i}"), await ReceiveAsync(pair.HubEngine, 50));
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"down {i}"), await ReceiveAsync(pair.EdgeEngine, 50));
        await Party.UntilAsync(async () => (await pair.EdgeEngine.GetPeerAsync(Hub)).OutboxCount == 0 && (await pair.HubEngine.GetPeerAsync(Edge)).OutboxCount == 0);
    }

    [Fact]
    public async Task The_hub_may_rekey_and_send_the_largest_message()
    {
        await using var pair = await EdgeAndHub.StartAsync();
        await pair.EdgeEngine.ConnectAsync(Hub, cancellationToken: Party.Timely);
        await Party.UntilAsync(async () => (await pair.HubEngine.GetPeerAsync(Edge)).Session.Length > 0);
        await pair.HubEngine.RekeyAsync(Edge, cancellationToken: Party.Timely);
        await Party.UntilAsync(async () => (await pair.HubEngine.GetPeerAsync(Edge)).Epoch == 1);

        await pair.HubEngine.SendAsync(Edge, new byte[1 << 20], cancellationToken: Party.Timely);

        Assert.Equal(1 << 20, Assert.Single(await ReceiveAsync(pair.EdgeEngine, 1)).Length);
    }

    /// <summary>Goal: nobody takes what waits for another. Method: calls that bring a recorded, an invented and a cut record of the edge,
    /// while its own call is held back, get nothing; its own then gets it.</summary>
    [Fact]
    public async Task Who_repeats_or_invents_records_of_a_peer_gets_nothing_of_what_waits_for_it()
    {
        await using var pair = await EdgeAndHub.StartAsync();
        await pair.EdgeEngine.SendAsync(Hub, "a record to record"u8.ToArray(), cancellationToken: Party.Timely);
        await ReceiveAsync(pair.HubEngine, 1);
        pair.EdgeLink.IsHeld = true;
        var recorded = pair.EdgeLink.Sent.Where(envelope => envelope[1] < 16).ToList();
        Assert.NotEmpty(recorded);
        // Whatever call is still open takes this; what follows waits.
        await pair.HubEngine.SendAsync(Edge, "waits"u8.ToArray(), cancellationToken: Party.Timely);

        foreach (var envelope in recorded.SelectMany(envelope => new[] { envelope, Invented(envelope) }))
        {
            using var thief = pair.HubEngine.BeginExchange("thief");
            await thief.AcceptEnvelopeAsync(envelope, Party.Timely);
            await pair.HubEngine.GetPeerAsync(Edge, cancellationToken: Party.Timely);      // its turn came
            Assert.Empty(await thief.CollectAsync(1 << 21, TimeSpan.Zero, Party.Timely));
        }

        pair.EdgeLink.IsHeld = false;
        Assert.Equal(["waits"], await ReceiveAsync(pair.EdgeEngine, 1));
    }

    [Fact]
    public async Task Stopping_the_hub_ends_calls_that_wait_and_the_edge_finds_it_again()
    {
        await using var pair = await EdgeAndHub.StartAsync();
        await pair.EdgeEngine.ConnectAsync(Hub, cancellationToken: Party.Timely);
        await Party.UntilAsync(() => Task.FromResult(pair.EdgeLink.Open > 0));

        await pair.RestartHubAsync().WaitAsync(Party.Timely);
        await pair.HubEngine.SendAsync(Edge, "back"u8.ToArray(), cancellationToken: Party.Timely);

        Assert.Equal(["back"], await ReceiveAsync(pair.EdgeEngine, 1));
    }

    [Fact]
    public async Task What_waits_is_bounded_the_oldest_goes_and_answers_to_unproved_calls_are_copies()
    {
        var options = new EngineOptions();
        options.Links.QueueBytesMax = 2 << 20;
        options.Links.ReturnBytesMax = 2 << 20;
        var queues = new ReturnQueues(new ThreadPoolScheduler(new ManualTime()), options.ToSettings().Links);
        var (peer, other) = (new PeerKey(IdentityName.Default, Edge), new PeerKey(IdentityName.Default, Hub));
        using var exchange = Exchange(queues);
        using var listener = Exchange(queues);
        using var second = Exchange(queues);
        Assert.False(queues.TryEnqueue(peer, Envelope(EnvelopeType.Message, 1, 100)));      // it never called

        listener.Listen(peer);
        second.Listen(peer);
        Assert.True(queues.TryEnqueue(peer, Envelope(EnvelopeType.Handshake2, 2, 100)));
        for (byte number = 3; number < 6; number++)
        {
            Assert.True(queues.TryEnqueue(peer, Envelope(EnvelopeType.Message, number, 1 << 20)));
        }

        Assert.Equal([2], await CollectAsync(listener));
        Assert.Equal([2], await CollectAsync(second));
        Assert.Empty(await CollectAsync(exchange));
        exchange.Prove(peer);
        Assert.Equal([5], await CollectAsync(exchange));         // a MiB and its header: one fits into two MiB, less than two do
        exchange.Prove(other);
        exchange.Dispose();
        exchange.Prove(peer);
        Assert.True(queues.TryEnqueue(peer, Envelope(EnvelopeType.Message, 6, 100)));
        Assert.Empty(await CollectAsync(exchange));
    }

    [Fact]
    public async Task Who_stays_away_does_not_push_out_what_waits_for_those_who_call()
    {
        var time = new ManualTime();
        var options = new EngineOptions();
        options.Links.QueueBytesMax = 2 << 20;
        options.Links.ReturnBytesMax = 2 << 20;
        var queues = new ReturnQueues(new ThreadPoolScheduler(time), options.ToSettings().Links);
        var (away, calling) = (new PeerKey(IdentityName.Default, Edge), new PeerKey(IdentityName.Default, Hub));
        var left = Exchange(queues);
        left.Prove(away);
        left.Dispose();
        using var call = Exchange(queues);
        call.Prove(calling);
        Assert.True(queues.TryEnqueue(away, Envelope(EnvelopeType.Message, 1, 1 << 20)));
        Assert.True(queues.TryEnqueue(calling, Envelope(EnvelopeType.Message, 2, 1 << 20)));

        Assert.Equal([2], await CollectAsync(call));

        time.Advance(TimeSpan.FromMinutes(11));
        Assert.False(queues.TryEnqueue(away, Envelope(EnvelopeType.Message, 3, 100)));
        Assert.True(queues.TryEnqueue(calling, Envelope(EnvelopeType.Message, 4, 100)));        // its call is still open
        using var back = Exchange(queues);
        back.Prove(away);
        Assert.Empty(await CollectAsync(back));
        Assert.Equal([4], await CollectAsync(call));
    }

    [Fact]
    public async Task A_call_that_is_still_sending_gathers_a_bounded_number_of_answers()
    {
        var queues = new ReturnQueues(new ThreadPoolScheduler(new ManualTime()), new EngineOptions().ToSettings().Links);
        var peer = new PeerKey(IdentityName.Default, Edge);
        using var slow = Exchange(queues);
        slow.Listen(peer);
        for (var i = 0; i < LinkExchange.DirectCountMax + 10; i++)
        {
            Assert.True(queues.TryEnqueue(peer, Envelope(EnvelopeType.WindowNotice, 1, 100)));
        }

        Assert.Equal(LinkExchange.DirectCountMax, (await CollectAsync(slow)).Count);
    }

    [Fact]
    public async Task A_call_that_proves_nothing_waits_two_seconds_whatever_it_asks_for_and_one_that_does_waits_on()
    {
        var time = new ManualTime();
        var queues = new ReturnQueues(new ThreadPoolScheduler(time), new EngineOptions().ToSettings().Links);
        var peer = new PeerKey(IdentityName.Default, Edge);
        using var stranger = Exchange(queues);
        using var known = Exchange(queues);
        known.Prove(peer);
        var (strangers, knowns) = (
            stranger.CollectAsync(1 << 21, TimeSpan.FromMinutes(5)).AsTask(), known.CollectAsync(1 << 21, TimeSpan.FromMinutes(5)).AsTask());

        time.Advance(TimeSpan.FromSeconds(3));
        Assert.Empty(await strangers.WaitAsync(Party.Timely));
        Assert.False(knowns.IsCompleted);
        Assert.True(queues.TryEnqueue(peer, Envelope(EnvelopeType.Message, 7, 100)));

        Assert.Single(await knowns.WaitAsync(Party.Timely));
        queues.Close();
        Assert.Empty(await known.CollectAsync(1 << 21, TimeSpan.FromMinutes(5)).AsTask().WaitAsync(Party.Timely));
    }

    private static LinkExchange Exchange(ReturnQueues queues) => new(queues, "test", static (_, _, _) => default);

    private static async Task<List<int>> CollectAsync(LinkExchange exchange) =>
        [.. (await exchange.CollectAsync(1 << 21, TimeSpan.Zero)).Select(envelope => (int)envelope.Span[^1])];

    private static ReadOnlyMemory<byte> Envelope(EnvelopeType type, byte mark, int bodyLength)
    {
        var envelope = new byte[EnvelopeHeader.Size + bodyLength];
        new EnvelopeHeader(type, Suite.MLKem768P256, ReceiverIndex.Of(1, 2), Epoch.Zero, default, 0, bodyLength).Write(envelope);
        envelope[^1] = mark;
        return envelope;
    }

    // The same header with the next sequence: the index is right, the proof is not.
    private static byte[] Invented(byte[] envelope)
    {
        var invented = envelope.ToArray();
        invented[39]++;
        return invented;
    }

    private static async Task<List<string>> ReceiveAsync(SessionEngine engine, int count)
    {
        var received = new List<string>();
        await foreach (var message in engine.ReceiveAsync(Party.Timely))
        {
            received.Add(Encoding.UTF8.GetString(message.Payload.Span));
            await engine.AcknowledgeAsync(message.Id, Party.Timely);
            if (received.Count == count)
            {
                break;
            }
        }

        return received;
    }
}
