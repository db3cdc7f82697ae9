using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Kyberium.Engine;

namespace Kyberium.Host.Commands.Messages;

/// <summary>Cuts a stream of bytes into lines of at most a message's size. Only the line feed, and a carriage return before it, is taken off.</summary>
internal static class PayloadLines
{
    internal static async IAsyncEnumerable<byte[]> ReadAsync(Stream input, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var reader = PipeReader.Create(input, new StreamPipeReaderOptions(leaveOpen: true));
        var number = 1L;
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                yield return Line(buffer.Slice(0, end), number++);
                buffer = buffer.Slice(buffer.GetPosition(1, end));
            }

            if (buffer.Length > SessionEngine.PayloadLengthMax + 1)
            {
                throw HostErrors.LineTooLong(number, SessionEngine.PayloadLengthMax);
            }

            if (read.IsCompleted)
            {
                if (!buffer.IsEmpty)
                {
                    yield return Line(buffer, number);
                }

                yield break;
            }

            reader.AdvanceTo(buffer.Start, buffer.End);
        }
    }

    private static byte[] Line(ReadOnlySequence<byte> bytes, long number)
    {
        byte[] line = bytes.ToArray();
        line = line is [.. var text, (byte)'\r'] ? text : line;
        return line.Length <= SessionEngine.PayloadLengthMax ? line : throw HostErrors.LineTooLong(number, SessionEngine.PayloadLengthMax);
    }
}
