using System.Buffers.Binary;

namespace Kyberium.Cluster.Tests.Checks;

/// <summary>Goal: the checker of what was written to journals takes what owners may write, and nothing else.</summary>
public sealed class JournalHistoryTests
{
    private readonly JournalHistory _history = new();

    [Fact]
    public void One_owner_after_the_other_writes_under_fences_that_rise_records_without_gap_and_rows_between()
    {
        Add(1, 7, "n1", tenure: 1, counter: 0);
        Add(1, null, "n1", tenure: 1, counter: 1);
        Add(1, 8, "n1", tenure: 1, counter: 2);
        Add(3, 9, "n2", tenure: 2, counter: 0);
        Add(3, 10, "n2", tenure: 2, counter: 1);
        Assert.Empty(_history.Violations);
        Assert.Equal((5, 2), _history.Counts);
    }

    [Theory]
    [InlineData("n2", 1)]
    [InlineData("n1", 2)]
    public void Another_owner_or_tenure_under_the_same_fence_is_found(string owner, byte tenure)
    {
        Add(1, 7, "n1", tenure: 1, counter: 0);
        Add(1, 8, owner, tenure, counter: 1);
        Assert.StartsWith("shard 5, fence 1: written by (n1, ", Assert.Single(_history.Violations), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(7)]
    [InlineData(9)]
    public void A_position_that_comes_twice_or_too_early_is_found(long position)
    {
        Add(1, 7, "n1", tenure: 1, counter: 0);
        Add(1, position, "n1", tenure: 1, counter: 1);
        Assert.Equal([$"shard 5: position {position} came after 7"], _history.Violations);
    }

    [Fact]
    public void A_write_under_a_fence_that_the_shard_has_not_is_found()
    {
        Add(2, 7, "n1", tenure: 1, counter: 0, shardHas: 3);
        Assert.Equal(["shard 5: written under fence 2, while it had 3, after 0"], _history.Violations);
    }

    [Fact]
    public void Two_frames_under_one_counter_are_found_and_the_same_one_again_is_not()
    {
        Add(1, null, "n1", tenure: 1, counter: 4, digest: "a");
        Add(1, null, "n1", tenure: 1, counter: 4, digest: "a");
        Assert.Empty(_history.Violations);
        Add(1, null, "n1", tenure: 1, counter: 4, digest: "b");
        Assert.StartsWith("two frames were sealed under (5, 1, ", Assert.Single(_history.Violations), StringComparison.Ordinal);
    }

    private void Add(long fence, long? position, string owner, byte tenure, ulong counter, string? digest = null, long? shardHas = null)
    {
        var head = new byte[78];
        BinaryPrimitives.WriteInt64BigEndian(head.AsSpan(26), fence);
        head.AsSpan(38, 32).Fill(tenure);
        BinaryPrimitives.WriteUInt64BigEndian(head.AsSpan(70), counter);
        _history.Add(new JournalWrite(5, position, head, digest ?? $"{tenure} {counter}", owner, shardHas ?? fence));
    }
}
