namespace Kyberium.Pbm.Hosting.Protocol;

/// <summary>Cuts a stream of bytes at its line feeds, and holds no more of it than one frame may have.</summary>
internal sealed class FrameReader(Stream stream, int frameBytesMax)
{
    private const int Step = 4 << 10;

    private byte[] _buffer = new byte[Step];
    private int _start;
    private int _end;

    /// <summary>Gets or sets how long a frame may be.</summary>
    internal int FrameBytesMax { get; set; } = frameBytesMax;

    /// <summary>Gives the next frame without its line feed, valid until the next read; nothing at the end of the stream.</summary>
    /// <exception cref="PbmProtocolException"><see cref="PbmErrorCode.FrameTooLarge"/>; <see cref="PbmErrorCode.FrameMalformed"/>: the
    /// stream ends within a frame.</exception>
    internal async Task<ReadOnlyMemory<byte>?> ReadAsync(CancellationToken cancellationToken)
    {
        for (var searched = 0; ;)
        {
            var found = _buffer.AsSpan(_start + searched, _end - _start - searched).IndexOf((byte)'\n');
            var length = found < 0 ? _end - _start : searched + found;
            if (length > FrameBytesMax)
            {
                throw new PbmProtocolException(PbmErrorCode.FrameTooLarge, $"a frame is longer than {FrameBytesMax:N0} bytes");
            }

            if (found >= 0)
            {
                var frame = _buffer.AsMemory(_start, length);
                _start += length + 1;
                return frame;
            }

            searched = length;
            MakeRoom();
            var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
            if (read == 0)
            {
                return length == 0 ? null : throw new PbmProtocolException(PbmErrorCode.FrameMalformed, "the connection ended within a frame");
            }

            _end += read;
        }
    }

    private void MakeRoom()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, Math.Min(_buffer.Length * 2, FrameBytesMax + Step));
        }
    }
}
