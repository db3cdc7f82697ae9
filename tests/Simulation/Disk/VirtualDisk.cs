using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Disk;

/// <summary>One append-only file: bytes are safe once flushed; what was not may be lost, cut short or garbled by a crash.</summary>
internal sealed class VirtualDisk
{
    private const int SectorSize = 512;

    private readonly MemoryStream _bytes = new();
    private long _flushed;

    /// <summary>Gets or sets whether a flush does what it says: a test lets it lie.</summary>
    internal bool IsHonest { get; set; } = true;

    /// <summary>Gets everything written, flushed or not.</summary>
    internal ReadOnlyMemory<byte> Written => _bytes.GetBuffer().AsMemory(0, (int)_bytes.Length);

    /// <summary>Gets how much of it is flushed.</summary>
    internal long FlushedLength => _flushed;

    /// <summary>Gets or sets whose write goes on: others wait for its end.</summary>
    internal IDiskHost? Writer { get; set; }

    internal void Append(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);

    internal void Flush()
    {
        if (IsHonest)
        {
            _flushed = _bytes.Length;
        }
    }

    /// <summary>Gives up what was appended since the last flush.</summary>
    internal void DropUnflushed() => CutTo(_flushed);

    /// <summary>Cuts off a tail that does not make sense.</summary>
    internal void CutTo(long length)
    {
        _bytes.SetLength(length);
        _bytes.Position = length;
        _flushed = Math.Min(_flushed, length);
    }

    /// <summary>Puts an earlier copy of the file in its place.</summary>
    /// <returns>All that was there, for <see cref="PutBack"/>.</returns>
    internal byte[] GoBackTo(long length)
    {
        var newer = Written.ToArray();
        CutTo(length);
        return newer;
    }

    internal void PutBack(byte[] newer)
    {
        CutTo(0);
        Append(newer);
        _flushed = newer.Length;
    }

    /// <summary>Flips one bit in one of the later records or rows; what the simulation itself checks stays sound.</summary>
    /// <returns>Where, and what stood and stands there; <see langword="null"/> where nothing is stored.</returns>
    internal (long Offset, byte[] Sound, byte[] Damaged)? Rot(SeededChoices choices)
    {
        const int LaterMax = 80;
        var frames = new List<(int Offset, int Size)>();
        for (var offset = 0; LogFrame.Read(Written.Span[offset..], out var size) is { } frame; offset += size)
        {
            if (frame is LogFrame.Commit { IsEmpty: false })
            {
                frames.Add((offset, size));
            }
        }

        if (frames.Count == 0)
        {
            return null;
        }

        var (at, length) = frames[^(1 + choices.Below(Math.Min(frames.Count, LaterMax)))];
        var sound = Written.Slice(at, length).ToArray();
        var damaged = ((LogFrame.Commit)LogFrame.Read(sound, out _)!).WithFlippedBit(choices).Encode();
        damaged.CopyTo(_bytes.GetBuffer(), at);
        return (at, sound, damaged);
    }

    /// <summary>Puts sound bytes where damaged ones lie; nothing when the store was replaced meanwhile.</summary>
    internal void Repair(long offset, byte[] damaged, byte[] sound)
    {
        if (offset + damaged.Length <= _bytes.Length && Written.Span.Slice((int)offset, damaged.Length).SequenceEqual(damaged))
        {
            sound.CopyTo(_bytes.GetBuffer(), offset);
        }
    }

    /// <summary>What a crash leaves: a process that was killed leaves all it wrote; a lost machine any part of what was not flushed.</summary>
    internal void Crash(SeededChoices choices, bool losesUnflushed)
    {
        if (losesUnflushed && _bytes.Length > _flushed)
        {
            var kept = choices.Between(_flushed, _bytes.Length);
            CutTo(kept);
            if (choices.Chance(0.5))
            {
                Span<byte> garbage = stackalloc byte[SectorSize];
                garbage = garbage[..choices.Below(SectorSize)];
                if (choices.Chance(0.5))
                {
                    choices.Fill(garbage);
                }

                _bytes.Write(garbage);
            }
        }

        _flushed = _bytes.Length;
    }
}
