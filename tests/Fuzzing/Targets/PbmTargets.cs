using System.Text;
using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Fuzzing.Targets;

/// <summary>What arrives at the port where operators are served, and what their client reads.</summary>
internal static class PbmTargets
{
    private const int FrameBytesMax = 4 << 10;

    private static readonly string[] Frames =
    [
        """{"type":"hello","versions":[1],"program":"pbm 0.1.0","operator":"alice","token":"0123456789abcdef0123456789abcdef"}""",
        """{"versions":[1,2],"program":"pbm","type":"hello"}""",
        """{"type":"welcome","version":1,"program":"p","operator":"a","palettes":[{"name":"s","description":"d","commands":[{"name":"log tail","description":"d","items":"lines","changes":false,"follows":true,"switches":[{"name":"n","type":"number","description":"d","required":false,"letter":"n"}]}]}]}""",
        """{"type":"call","id":1,"palette":"session","command":"show","switches":{"peer":"bob","all":""}}""",
        """{"type":"cancel","id":9007199254740991}""",
        """{"type":"item","id":1,"fields":{"a":"\u00e9\ud83d\ude00","b":-1.5e3,"c":null,"d":["x","y"],"e":true},"text":"one\ntwo"}""",
        """{"type":"end","id":1,"count":0}""",
        """{"type":"error","code":5002,"message":"no","id":7}""",
        """{"type":"item","id":1,"fields":{"a":"\ud800"}}""",
    ];

    /// <summary>A stream of frames: the same frames however it is cut, each decoded; what is accepted is written in one form for good.</summary>
    internal static FuzzTarget Frame { get; } = new(
        "pbm",
        () => [.. Frames.Select(frame => Encoding.UTF8.GetBytes(frame + "\n")), Encoding.UTF8.GetBytes(string.Join('\n', Frames) + "\n")],
        bytes =>
        {
            var (whole, end) = Split(bytes, bytes.Length);
            foreach (var step in (int[])[1, 7])
            {
                var (pieces, otherEnd) = Split(bytes, step);
                if (end != otherEnd || !whole.Select(Convert.ToHexString).SequenceEqual(pieces.Select(Convert.ToHexString), StringComparer.Ordinal))
                {
                    throw new BrokenLawException($"cut every {step} bytes it gives other frames: {Convert.ToHexStringLower(bytes)}");
                }
            }

            return whole.Count(IsAccepted) > 0;
        });

    private static bool IsAccepted(byte[] frame)
    {
        PbmMessage message;
        try
        {
            message = PbmCodec.Decode(frame);
        }
        catch (PbmProtocolException)
        {
            return false;
        }

        var written = PbmCodec.Encode(message);
        return Laws.OneEncoding(written, PbmCodec.Encode(PbmCodec.Decode(written.AsSpan()[..^1])));
    }

    private static (IReadOnlyList<byte[]> Frames, string End) Split(byte[] bytes, int step)
    {
        var reader = new FrameReader(new SlowStream(bytes, Math.Max(1, step)), FrameBytesMax);
        var frames = new List<byte[]>();
        try
        {
            while (reader.ReadAsync(CancellationToken.None).GetAwaiter().GetResult() is { } frame)
            {
                frames.Add(frame.ToArray());
            }

            return (frames, "end");
        }
        catch (PbmProtocolException refused)
        {
            return (frames, refused.Code.ToString());
        }
    }

    /// <summary>Gives a few bytes at a time, as networks do.</summary>
    private sealed class SlowStream(byte[] bytes, int step) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(step, buffer.Length)], cancellationToken);
    }
}
