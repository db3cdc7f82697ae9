using System.Security.Cryptography;
using System.Text;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Payloads in parts between two engines.</summary>
public sealed class StreamTests
{
    private readonly CancellationToken _timely = new CancellationTokenSource(TimeSpan.FromMinutes(3)).Token;     // tens of megabytes, beside other tests
    private static readonly PeerKey Bob = new(IdentityName.Default, TwoEngines.BobPeer);

    [Fact]
    public async Task Twenty_mebibytes_arrive_whole_among_other_messages_and_leave_an_empty_inbox()
    {
        await using var pair = await TwoEngines.StartAsync();
        var bytes = Bytes(20 << 20);
        var sending = pair.Alice.SendStreamAsync(TwoEngines.BobPeer, new MemoryStream(bytes), cancellationToken: _timely);
        await pair.Alice.SendAsync(TwoEngines.BobPeer, "in between"u8.ToArray(), cancellationToken: _timely);
        var sent = await sending;

        var received = await ReceiveAsync(pair.Bob, 2);

        Assert.Equal("in between", Encoding.UTF8.GetString(Assert.Single(received, message => message.Stream is null).Payload.Span));
        var whole = Assert.Single(received, message => message.Stream is not null);
        Assert.Equal(sent.Number, whole.Id.Number);
        Assert.Equal(bytes.Length, whole.Stream!.Length);
        Assert.Equal(SHA256.HashData(bytes), await SHA256.HashDataAsync(whole.Stream.OpenRead(), _timely));
        await pair.BobHome.RestartAsync();
        await pair.Alice.SendAsync(TwoEngines.BobPeer, "after"u8.ToArray(), cancellationToken: _timely);
        Assert.Equal("after", Encoding.UTF8.GetString((await ReceiveAsync(pair.Bob, 1))[0].Payload.Span));
    }

    [Fact]
    public async Task Both_sides_may_stop_in_the_middle()
    {
        await using var pair = await TwoEngines.StartAsync();
        var bytes = Bytes(3 << 20);
        var source = new HaltingStream(bytes, haltAt: 1 << 20);
        var sending = pair.Alice.SendStreamAsync(
            TwoEngines.BobPeer, source, new SendOptions(Guid.Parse("11111111-2222-3333-4444-555555555555")), cancellationToken: _timely);
        await source.Halted.WaitAsync(_timely);
        await pair.BobHome.RestartAsync();
        source.Go();
        await sending;
        await pair.AliceHome.RestartAsync();

        var received = Assert.Single(await ReceiveAsync(pair.Bob, 1));

        Assert.Equal(SHA256.HashData(bytes), await SHA256.HashDataAsync(received.Stream!.OpenRead(), _timely));
    }

    [Fact]
    public async Task A_stream_not_acknowledged_comes_again_after_a_restart_and_after_a_rejection()
    {
        await using var pair = await TwoEngines.StartAsync();
        var bytes = Bytes(700_000);
        await pair.Alice.SendStreamAsync(TwoEngines.BobPeer, new MemoryStream(bytes), cancellationToken: _timely);
        var first = await TakeAsync(pair.Bob);
        await pair.Bob.RejectAsync(first.Id, _timely);
        var second = await TakeAsync(pair.Bob);
        await pair.BobHome.RestartAsync();
        var third = await TakeAsync(pair.Bob);

        Assert.Equal((first.Id, first.Id), (second.Id, third.Id));
        Assert.Equal([1, 2, 2], new[] { first, second, third }.Select(message => message.Attempt));
        Assert.Equal(SHA256.HashData(bytes), await SHA256.HashDataAsync(third.Stream!.OpenRead(), _timely));
        await pair.Bob.AcknowledgeAsync(third.Id, _timely);
        var again = await Assert.ThrowsAsync<EngineException>(() => pair.Bob.AcknowledgeAsync(third.Id, _timely));
        Assert.Equal(EngineErrorCode.MessageUnknown, again.Code);
    }

    [Fact]
    public async Task A_part_of_a_stream_cannot_be_acknowledged_by_itself()
    {
        await using var pair = await TwoEngines.StartAsync();
        await pair.Alice.SendStreamAsync(TwoEngines.BobPeer, new MemoryStream(Bytes(700_000)), cancellationToken: _timely);
        var whole = await TakeAsync(pair.Bob);

        foreach (var number in new[] { whole.Id.Number - 1, whole.Id.Number + 1 })
        {
            var refused = await Assert.ThrowsAsync<EngineException>(() => pair.Bob.AcknowledgeAsync(whole.Id with { Number = number }, _timely));
            Assert.Equal(EngineErrorCode.MessageUnknown, refused.Code);
        }

        await pair.Bob.RejectAsync(whole.Id, _timely);
        Assert.Equal(700_000, (await TakeAsync(pair.Bob)).Stream!.Length);
    }

    [Fact]
    public async Task A_stream_whose_source_fails_is_dropped_and_the_next_one_arrives()
    {
        await using var pair = await TwoEngines.StartAsync();
        var failing = new HaltingStream(Bytes(2 << 20), haltAt: 1 << 20);
        using var cancel = new CancellationTokenSource();
        var sending = pair.Alice.SendStreamAsync(TwoEngines.BobPeer, failing, cancellationToken: cancel.Token);
        await failing.Halted.WaitAsync(_timely);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
        await pair.Alice.SendStreamAsync(TwoEngines.BobPeer, new MemoryStream(Bytes(300_000)), cancellationToken: _timely);

        Assert.Equal(300_000, Assert.Single(await ReceiveAsync(pair.Bob, 1)).Stream!.Length);
        Assert.Equal(0, await HeldAsync(pair));
    }

    [Fact]
    public async Task Parts_whose_hash_is_another_are_dropped_and_never_shown()
    {
        await using var pair = await TwoEngines.StartAsync();
        var transfer = TransferId.Read(new byte[16]);
        var chunk = new byte[TransferChunk.HeadSize + 5];
        new TransferChunk(transfer, 0).Write(chunk);
        var end = new byte[TransferEnd.Size];
        new TransferEnd(transfer, 5, SHA512.HashData("other"u8)).Write(end);
        await SendPartAsync(pair, MessageFlags.Chunk, chunk);
        await SendPartAsync(pair, MessageFlags.ChunkEnd, end);
        await pair.Alice.SendAsync(TwoEngines.BobPeer, "after"u8.ToArray(), cancellationToken: _timely);

        var received = Assert.Single(await ReceiveAsync(pair.Bob, 1));

        Assert.Equal("after", Encoding.UTF8.GetString(received.Payload.Span));
        Assert.Equal(0, await HeldAsync(pair));
    }

    [Fact]
    public async Task A_full_outbox_makes_the_stream_wait_and_an_absent_peer_does_not_lose_it()
    {
        await using var pair = await TwoEngines.StartAsync();
        await pair.BobHome.Engine.DisposeAsync();
        var bytes = Bytes(80 << 20 >> 2);
        var more = Bytes(50 << 20);
        var first = pair.Alice.SendStreamAsync(TwoEngines.BobPeer, new MemoryStream(bytes), cancellationToken: _timely);
        var second = pair.Alice.SendStreamAsync(TwoEngines.BobPeer, new MemoryStream(more), cancellationToken: _timely);
        await first;
        Assert.False(second.IsCompleted);
        await pair.BobHome.RestartAsync();

        var received = await ReceiveAsync(pair.Bob, 2);

        await second;
        Assert.Equal([bytes.Length, more.Length], received.Select(message => message.Stream!.Length));
    }

    [Fact]
    public async Task A_stream_that_outgrows_the_receivers_inbox_is_refused_while_it_is_sent_and_later_messages_arrive()
    {
        await using var pair = await TwoEngines.StartAsync();
        var received = ReceiveAsync(pair.Bob, 1);
        var refusal = await Assert.ThrowsAsync<EngineException>(
            () => pair.Alice.SendStreamAsync(TwoEngines.BobPeer, new EndlessStream(), cancellationToken: _timely));
        await pair.Alice.SendAsync(TwoEngines.BobPeer, "after"u8.ToArray(), cancellationToken: _timely);

        Assert.Equal(EngineErrorCode.PayloadTooLarge, refusal.Code);
        Assert.Contains("refused the stream", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("after", Encoding.UTF8.GetString(Assert.Single(await received).Payload.Span));
        Assert.Equal(0, await HeldAsync(pair));
    }

    /// <summary>Goal: who sent a stream that is too long learns of it even when the call was done. Method: bob's application does not
    /// read before alice is done: what his inbox cannot take waits in her outbox.</summary>
    [Fact]
    public async Task A_stream_refused_after_it_was_sent_is_told_to_its_sender_with_its_operation()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        var sent = await alice.Engine.SendStreamAsync(bob.Id, new MemoryStream(new byte[66 << 20]), cancellationToken: _timely);
        await alice.SendAsync(bob, "after");

        Assert.Equal(["after"], await bob.ReceiveAsync(1));
        await Party.UntilAsync(() => Task.FromResult(
            alice.Audit.Any(audit => audit.Kind == "transfer-refused") && bob.Audit.Any(audit => audit.Kind == "transfer-dropped")));

        Assert.Equal(sent.Operation, Assert.Single(alice.Audit, audit => audit.Kind == "transfer-refused").Operation);
        Assert.Contains(bob.Audit, audit => audit.Kind == "transfer-dropped" && audit.Detail.Contains("longer than the inbox", StringComparison.Ordinal));
        Assert.Equal(0, (await bob.PeerAsync(alice)).InboxCount);
    }

    [Fact]
    public async Task A_stream_of_no_bytes_is_a_stream()
    {
        await using var pair = await TwoEngines.StartAsync();
        await pair.Alice.SendStreamAsync(TwoEngines.BobPeer, new MemoryStream(), cancellationToken: _timely);

        Assert.Equal(0, Assert.Single(await ReceiveAsync(pair.Bob, 1)).Stream!.Length);
    }

    [Fact]
    public async Task A_repeated_operation_is_not_sent_twice()
    {
        await using var pair = await TwoEngines.StartAsync();
        var options = new SendOptions(Guid.Parse("11111111-2222-3333-4444-555555555555"));
        await pair.Alice.SendStreamAsync(TwoEngines.BobPeer, new MemoryStream(Bytes(10)), options, cancellationToken: _timely);
        await pair.Alice.SendStreamAsync(TwoEngines.BobPeer, new MemoryStream(Bytes(10)), options, cancellationToken: _timely);
        await pair.Alice.SendAsync(TwoEngines.BobPeer, "after"u8.ToArray(), cancellationToken: _timely);

        var received = await ReceiveAsync(pair.Bob, 2);

        Assert.Equal(10, received[0].Stream!.Length);
        Assert.Equal("after", Encoding.UTF8.GetString(received[1].Payload.Span));
    }

    private async Task SendPartAsync(TwoEngines pair, MessageFlags flags, byte[] payload) =>
        await pair.Alice.SendInTurnAsync(Bob, new PeerCommand.Send(Guid.NewGuid(), false, flags, null, payload), default, _timely);

    private async Task<int> HeldAsync(TwoEngines pair) =>
        (await pair.Bob.GetPeerAsync(TwoEngines.AlicePeer, cancellationToken: _timely)).InboxCount;

    private async Task<ReceivedMessage> TakeAsync(SessionEngine engine)
    {
        await foreach (var message in engine.ReceiveAsync(_timely))
        {
            return message;
        }

        throw new InvalidOperationException("the engine stopped");
    }

    private async Task<List<ReceivedMessage>> ReceiveAsync(SessionEngine engine, int count)
    {
        var received = new List<ReceivedMessage>();
        await foreach (var message in engine.ReceiveAsync(_timely))
        {
            received.Add(message);
            await engine.AcknowledgeAsync(message.Id, _timely);
            if (received.Count == count)
            {
                break;
            }
        }

        return received;
    }

    private static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }

    private sealed class EndlessStream : MemoryStream
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            cancellationToken.ThrowIfCancellationRequested();
            buffer.Span.Clear();
            return new(buffer.Length);
        }
    }

    /// <summary>Gives its bytes up to a point and then waits to be told to go on.</summary>
    private sealed class HaltingStream(byte[] bytes, int haltAt) : MemoryStream(bytes)
    {
        private readonly TaskCompletionSource _halted = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal Task Halted => _halted.Task;

        internal void Go() => _go.TrySetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (Position >= haltAt)
            {
                _halted.TrySetResult();
                await _go.Task.WaitAsync(cancellationToken);
            }

            return await base.ReadAsync(buffer, cancellationToken);
        }
    }
}
