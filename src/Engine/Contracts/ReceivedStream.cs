namespace Kyberium.Engine;

/// <summary>A payload that came in parts, complete and verified as a whole. It can be read any number of times, by several at once.</summary>
public sealed class ReceivedStream
{
    internal ReceivedStream(IReadOnlyList<ReadOnlyMemory<byte>> chunks)
    {
        Chunks = chunks;
        foreach (var chunk in chunks)
        {
            Length += chunk.Length;
        }
    }

    /// <summary>Gets how many bytes there are.</summary>
    public long Length { get; }

    /// <summary>Gets the bytes as they lie in memory, in order, none of the pieces empty.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Chunks { get; }

    /// <summary>Opens it for reading from the start; it can be sought in.</summary>
    public Stream OpenRead() => new ChunkStream(Chunks, Length);

    private sealed class ChunkStream(IReadOnlyList<ReadOnlyMemory<byte>> chunks, long length) : Stream
    {
        private int _chunk;
        private int _offset;
        private long _position;

        public override bool CanRead => true;

        public override bool CanSeek => true;

        public override bool CanWrite => false;

        public override long Length { get; } = length;

        public override long Position
        {
            get => _position;
            set
            {
                ArgumentOutOfRangeException.ThrowIfNegative(value);
                _position = value;
                _offset = 0;
                for (_chunk = 0; _chunk < chunks.Count && value >= chunks[_chunk].Length; _chunk++)
                {
                    value -= chunks[_chunk].Length;
                }

                _offset = _chunk < chunks.Count ? (int)value : 0;
            }
        }

        public override int Read(Span<byte> buffer)
        {
            var read = 0;
            while (read < buffer.Length && _chunk < chunks.Count)
            {
                var left = chunks[_chunk].Span[_offset..];
                var taken = Math.Min(left.Length, buffer.Length - read);
                left[..taken].CopyTo(buffer[read..]);
                read += taken;
                _offset += taken;
                if (taken == left.Length)
                {
                    _chunk++;
                    _offset = 0;
                }
            }

            _position += read;
            return read;
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            ValidateBufferArguments(buffer, offset, count);
            return Read(buffer.AsSpan(offset, count));
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            cancellationToken.IsCancellationRequested
                ? ValueTask.FromCanceled<int>(cancellationToken)
                : ValueTask.FromResult(Read(buffer.Span));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override long Seek(long offset, SeekOrigin origin) => Position = origin switch
        {
            SeekOrigin.Begin => offset,
            SeekOrigin.Current => _position + offset,
            _ => Length + offset,
        };

        public override void Flush()
        {
        }

        public override void SetLength(long value) => throw new NotSupportedException("What was received is not changed.");

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("What was received is not changed.");
    }
}
