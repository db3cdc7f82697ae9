using System.Buffers.Binary;

namespace Kyberium.Cluster.Tests.Checks;

/// <summary>One write of a shard's record or row, as the database saw it.</summary>
/// <param name="Shard">Whose.</param>
/// <param name="Position">Of a record; null for a row.</param>
/// <param name="Head">The frame up to its shard: docs/formats/journal.md.</param>
/// <param name="Digest">Of the whole frame.</param>
/// <param name="Owner">Which life of which node had the shard then.</param>
/// <param name="Fence">The shard's then.</param>
internal sealed record JournalWrite(int Shard, long? Position, byte[] Head, string Digest, string Owner, long Fence);

/// <summary>Checks what was written to the shards' journals: one writer for each fence, positions without gap, and no counter of a tenure for two frames.</summary>
internal sealed class JournalHistory
{
    private readonly Dictionary<(int Shard, long Fence), (string Owner, string Tenure)> _writers = [];
    private readonly Dictionary<int, long> _ends = [];
    private readonly Dictionary<int, long> _fences = [];
    private readonly Dictionary<(int Shard, long Fence, string Tenure, uint Key, ulong Counter), string> _frames = [];
    private readonly List<string> _problems = [];

    /// <summary>Gets how many writes there were, under how many fences.</summary>
    internal (int Writes, int Fences) Counts => (_frames.Count, _writers.Count);

    /// <summary>Says what was wrong.</summary>
    internal IReadOnlyList<string> Violations => _problems;

    /// <summary>Takes a shard's next write.</summary>
    internal void Add(JournalWrite write)
    {
        var fence = BinaryPrimitives.ReadInt64BigEndian(write.Head.AsSpan(26));
        var tenure = Convert.ToHexString(write.Head.AsSpan(38, 32));
        if (fence != write.Fence || fence < _fences.GetValueOrDefault(write.Shard))
        {
            _problems.Add($"shard {write.Shard}: written under fence {fence}, while it had {write.Fence}, after {_fences.GetValueOrDefault(write.Shard)}");
        }

        _fences[write.Shard] = Math.Max(fence, _fences.GetValueOrDefault(write.Shard));
        if (_writers.TryGetValue((write.Shard, fence), out var writer) && writer != (write.Owner, tenure))
        {
            _problems.Add($"shard {write.Shard}, fence {fence}: written by {writer} and by {(write.Owner, tenure)}");
        }

        _writers.TryAdd((write.Shard, fence), (write.Owner, tenure));
        if (write.Position is { } position)
        {
            if (_ends.TryGetValue(write.Shard, out var end) && position != end + 1)
            {
                _problems.Add($"shard {write.Shard}: position {position} came after {end}");
            }

            _ends[write.Shard] = position;
        }

        var counter = (write.Shard, fence, tenure, BinaryPrimitives.ReadUInt32BigEndian(write.Head.AsSpan(34)), BinaryPrimitives.ReadUInt64BigEndian(write.Head.AsSpan(70)));
        if (!_frames.TryAdd(counter, write.Digest) && _frames[counter] != write.Digest)
        {
            _problems.Add($"two frames were sealed under {counter}");
        }
    }
}
