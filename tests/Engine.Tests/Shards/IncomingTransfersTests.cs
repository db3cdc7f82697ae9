using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>Goal: parts become a whole in order or are dropped, each of them, with a word on why (docs/formats/streams.md). Method: walks over inboxes made by hand.</summary>
public sealed class IncomingTransfersTests
{
    private static readonly TransferId One = new(1);
    private static readonly TransferId Two = new(2);

    private readonly IncomingTransfers _transfers = new(bytesMax: 10_000, countMax: 100);
    private ulong _number;

    [Fact]
    public void Chunks_in_order_and_the_end_mark_are_the_whole()
    {
        IncomingMessage[] chunks = [Chunk(One, 0, 5), Chunk(One, 1, 5), Chunk(One, 2, 1)];
        Assert.All(chunks, chunk => Assert.Null(_transfers.Add(chunk)));
        Assert.Equal(chunks, _transfers.Add(End(One, 11)));
        _transfers.End();
        IsQuiet();
    }

    [Fact]
    public void An_end_mark_of_nothing_is_a_whole_without_chunks()
    {
        Assert.Equal([], _transfers.Add(End(One, 0)));
        IsQuiet();
    }

    [Fact]
    public void One_whole_after_another_is_taken()
    {
        for (var transfer = 1; transfer <= 3; transfer++)
        {
            var chunk = Chunk(new TransferId((UInt128)transfer), 0, transfer);
            Assert.Null(_transfers.Add(chunk));
            Assert.Equal([chunk], _transfers.Add(End(new TransferId((UInt128)transfer), (ulong)transfer)));
        }

        IsQuiet();
    }

    [Theory]
    [InlineData(1, 6)]      // another length
    [InlineData(2, 5)]      // another transfer
    public void An_end_mark_that_does_not_fit_drops_all_of_it(int transfer, ulong length)
    {
        var chunk = Chunk(One, 0, 5);
        _transfers.Add(chunk);
        var end = End(new TransferId((UInt128)transfer), length);
        Assert.Null(_transfers.Add(end));
        Assert.Equal([chunk, end], _transfers.Dropped);
        Assert.Equal([$"transfer {One} of 1 chunks so far was dropped: parts of it are missing"], _transfers.Reports);
        Assert.Empty(_transfers.Refused);
    }

    [Fact]
    public void An_end_mark_without_its_chunks_is_dropped_and_told()
    {
        var end = End(One, 5);
        Assert.Null(_transfers.Add(end));
        Assert.Equal([end], _transfers.Dropped);
        Assert.Equal(["a transfer of which parts are missing was dropped"], _transfers.Reports);
    }

    [Fact]
    public void A_broken_end_mark_drops_what_is_open()
    {
        var chunk = Chunk(One, 0, 5);
        _transfers.Add(chunk);
        var broken = Message(MessageFlags.ChunkEnd, new byte[TransferEnd.Size - 1]);
        Assert.Null(_transfers.Add(broken));
        Assert.Equal([chunk, broken], _transfers.Dropped);
    }

    [Fact]
    public void A_chunk_that_is_missing_drops_what_came_and_what_follows()
    {
        IncomingMessage[] parts = [Chunk(One, 0, 5), Chunk(One, 2, 5), Chunk(One, 3, 5), End(One, 20)];
        Assert.All(parts, part => Assert.Null(_transfers.Add(part)));
        Assert.Equal(parts, _transfers.Dropped);
        Assert.Equal(
            [$"transfer {One} of 1 chunks so far was dropped: a part of it expired", "a transfer of which parts are missing was dropped"],
            _transfers.Reports);
    }

    [Fact]
    public void A_chunk_that_comes_twice_is_dropped_once_and_the_rest_is_whole()
    {
        IncomingMessage[] chunks = [Chunk(One, 0, 5), Chunk(One, 1, 5)];
        var again = Chunk(One, 0, 5);
        _transfers.Add(chunks[0]);
        _transfers.Add(chunks[1]);
        Assert.Null(_transfers.Add(again));
        Assert.Equal(chunks, _transfers.Add(End(One, 10)));
        Assert.Equal([again], _transfers.Dropped);
        Assert.Empty(_transfers.Reports);
    }

    [Fact]
    public void Another_transfer_that_begins_ends_the_one_before()
    {
        IncomingMessage first = Chunk(One, 0, 5), second = Chunk(Two, 0, 3);
        _transfers.Add(first);
        _transfers.Add(second);
        Assert.Equal([second], _transfers.Add(End(Two, 3)));
        Assert.Equal([first], _transfers.Dropped);
        Assert.Equal([$"transfer {One} of 1 chunks so far was dropped: another began before its end"], _transfers.Reports);
    }

    [Fact]
    public void A_chunk_from_the_middle_of_another_transfer_is_dropped_and_changes_nothing()
    {
        IncomingMessage first = Chunk(One, 0, 5), stray = Chunk(Two, 1, 5);
        _transfers.Add(first);
        Assert.Null(_transfers.Add(stray));
        Assert.Equal([first], _transfers.Add(End(One, 5)));
        Assert.Equal([stray], _transfers.Dropped);
        Assert.Empty(_transfers.Reports);
    }

    [Fact]
    public void A_chunk_of_nothing_is_dropped()
    {
        var empty = Message(MessageFlags.Chunk, new byte[TransferChunk.HeadSize]);
        Assert.Null(_transfers.Add(empty));
        Assert.Equal([empty], _transfers.Dropped);
    }

    [Theory]
    [InlineData(1, TransferId.Size, true)]
    [InlineData(2, TransferId.Size, false)]
    [InlineData(1, TransferId.Size + 1, false)]
    public void A_sender_that_gives_up_ends_its_own_transfer(int transfer, int length, bool ends)
    {
        var chunk = Chunk(One, 0, 5);
        _transfers.Add(chunk);
        var mark = new byte[length];
        new TransferId((UInt128)transfer).Write(mark);
        var abort = Message(MessageFlags.Chunk | MessageFlags.ChunkEnd, mark);
        Assert.Null(_transfers.Add(abort));
        Assert.Equal(ends ? [chunk, abort] : [abort], _transfers.Dropped);
        Assert.Equal(ends ? [$"transfer {One} of 1 chunks so far was dropped: its sender gave up"] : [], _transfers.Reports);
        Assert.Empty(_transfers.Refused);
    }

    [Theory]
    [InlineData(0, 2, false)]       // what is open, and one more part as large as its largest, just fits
    [InlineData(-1, 2, true)]
    [InlineData(0, 1, true)]        // no room for another message
    public void A_transfer_that_the_inbox_has_no_room_for_is_refused(int room, int countMax, bool isRefused)
    {
        var size = TransferChunk.HeadSize + 200;
        var transfers = new IncomingTransfers(bytesMax: (2 * size) + room, countMax);
        var chunk = Chunk(One, 0, 200);
        transfers.Add(chunk);
        transfers.End();
        Assert.Equal(isRefused ? [One] : [], transfers.Refused);
        Assert.Equal(isRefused ? [chunk] : [], transfers.Dropped);
        Assert.Equal(isRefused ? [$"transfer {One} of 1 chunks so far was dropped: it is longer than the inbox may hold"] : [], transfers.Reports);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(-1, true)]
    public void Room_for_the_end_mark_is_kept_at_least(int room, bool isRefused)
    {
        var size = TransferChunk.HeadSize + 1;
        var transfers = new IncomingTransfers(bytesMax: size + TransferEnd.Size + room, countMax: 10);
        transfers.Add(Chunk(One, 0, 1));
        transfers.End();
        Assert.Equal(isRefused ? [One] : [], transfers.Refused);
    }

    [Fact]
    public void Room_is_counted_anew_for_each_transfer()
    {
        var transfers = new IncomingTransfers(bytesMax: 1_000, countMax: 10);
        transfers.Add(Chunk(One, 0, 400));
        transfers.Add(Chunk(One, 1, 400));
        transfers.Add(End(One, 800));
        transfers.Add(Chunk(Two, 0, 100));
        transfers.End();
        Assert.Empty(transfers.Refused);
    }

    [Fact]
    public void Parts_are_told_from_messages()
    {
        Assert.True(IncomingTransfers.IsPart(Message(MessageFlags.Chunk, new byte[1])));
        Assert.True(IncomingTransfers.IsPart(Message(MessageFlags.ChunkEnd, new byte[1])));
        Assert.False(IncomingTransfers.IsPart(Message(MessageFlags.None, new byte[1])));
    }

    private void IsQuiet() => Assert.Equal((0, 0, 0), (_transfers.Dropped.Count, _transfers.Refused.Count, _transfers.Reports.Count));

    private IncomingMessage Chunk(TransferId transfer, ulong index, int length)
    {
        var payload = new byte[TransferChunk.HeadSize + length];
        new TransferChunk(transfer, index).Write(payload);
        return Message(MessageFlags.Chunk, payload);
    }

    private IncomingMessage End(TransferId transfer, ulong length)
    {
        var payload = new byte[TransferEnd.Size];
        new TransferEnd(transfer, length, new byte[TransferEnd.HashSize]).Write(payload);
        return Message(MessageFlags.ChunkEnd, payload);
    }

    private IncomingMessage Message(MessageFlags flags, byte[] payload) =>
        new() { Stream = default, Number = ++_number, Ordinal = _number, Flags = flags, Payload = payload };
}
