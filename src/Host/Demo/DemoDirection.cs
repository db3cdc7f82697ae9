using System.Diagnostics;

namespace Kyberium.Host.Demo;

/// <summary>The text on its way from one node to the other: what was handed over, what is durable, what came out.</summary>
internal sealed class DemoDirection(DemoText text, string from, string to)
{
    private readonly bool[] _durable = new bool[text.Lines.Count];
    private readonly long[] _handedAt = new long[text.Lines.Count];
    private readonly List<double> _latencies = new(text.Lines.Count);
    private byte[] _chain = new byte[32];
    private Guid _stream;

    internal string From => from;

    internal string To => to;

    /// <summary>Gets how many lines were handed to the sending node at least once.</summary>
    internal int HandedOver { get; private set; }

    /// <summary>Gets how many lines came out in order and unchanged.</summary>
    internal int Received { get; private set; }

    /// <summary>Gets how often a line came out that had come out before: its receipt was not durable when the node was killed.</summary>
    internal int Duplicates { get; private set; }

    /// <summary>Gets how often a line was handed over again because the kill left open whether it was durable.</summary>
    internal int HandedOverAgain { get; private set; }

    /// <summary>Gets what is wrong with what came out; <see langword="null"/>: nothing.</summary>
    internal string? Problem { get; private set; }

    /// <summary>Gets the time from handing a line over to its coming out, in milliseconds.</summary>
    internal IReadOnlyList<double> Latencies => _latencies;

    internal bool IsComplete => Received == text.Lines.Count;

    /// <summary>Gets whether everything came out, and the hash over it is the text's.</summary>
    internal bool IsVerified => IsComplete && Problem is null && _chain.AsSpan().SequenceEqual(text.Chain);

    /// <summary>Gives the lines that may be handed over now, oldest first.</summary>
    internal IEnumerable<DemoRequest> Next(int through)
    {
        while (HandedOver < Math.Min(through, text.Lines.Count))
        {
            _handedAt[HandedOver] = Stopwatch.GetTimestamp();
            yield return RequestOf(HandedOver++);
        }
    }

    /// <summary>Gives the lines of which a killed sender did not say that they are durable, oldest first.</summary>
    internal IEnumerable<DemoRequest> Open()
    {
        for (var index = 0; index < HandedOver; index++)
        {
            if (!_durable[index])
            {
                HandedOverAgain++;
                yield return RequestOf(index);
            }
        }
    }

    internal void Sent(int index) => _durable[index] = true;

    internal void Came(DemoEvent message)
    {
        var index = message.Number - 1;
        if (_stream == Guid.Empty)
        {
            _stream = message.Stream;
        }

        if (message.Stream != _stream || index > (ulong)Received || index >= (ulong)text.Lines.Count)
        {
            Problem ??= $"{to} got message {message.Number} of stream {message.Stream} after {Received} of stream {_stream}";
            return;
        }

        if (!text.Lines[(int)index].AsSpan().SequenceEqual(message.Line))
        {
            Problem ??= $"{to} got other bytes than {from} sent in message {message.Number}";
            return;
        }

        if (index < (ulong)Received)
        {
            Duplicates++;
            return;
        }

        _latencies.Add(Stopwatch.GetElapsedTime(_handedAt[Received]).TotalMilliseconds);
        _chain = DemoText.Extend(_chain, message.Line!);
        Received++;
    }

    private DemoRequest RequestOf(int index) => new() { Do = DemoRequest.Send, Index = index, Line = text.Lines[index] };
}
