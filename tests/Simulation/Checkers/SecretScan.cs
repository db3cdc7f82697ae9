using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using System.Text.RegularExpressions;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Checkers;

/// <summary>Promise 5 by search: no part of a secret that any engine made, sixteen bytes long and at a multiple of sixteen, and no
/// payload, lies on a disk, goes out in a frame or stands in a line of a log or an exception, there also in hexadecimal or Base64.</summary>
internal sealed partial class SecretScan(SimulatedWorld world)
{
    private const int PartSize = 16;
    private const int HalfSize = 8;
    private const int FilterBits = 22;
    private const int DistinctBytesMin = 8;

    private readonly Dictionary<ulong, ulong> _parts = [];
    private readonly ulong[] _filter = new ulong[1 << (FilterBits - 6)];

    /// <summary>Every payload begins with these bytes.</summary>
    internal static ReadOnlySpan<byte> Planted => "PLANTED-PAYLOAD:"u8;

    /// <summary>Gets how many parts of secrets are looked for.</summary>
    internal int Count => _parts.Count;

    /// <summary>Gets how many bytes were looked through.</summary>
    internal long BytesSeen { get; private set; }

    /// <summary>Names bytes that must never appear where others can read.</summary>
    internal void Add(ReadOnlySpan<byte> secret)
    {
        for (; secret.Length >= PartSize; secret = secret[PartSize..])
        {
            // Small numbers and zeros stand in many places.
            if (!IsRandom(secret[..PartSize]))
            {
                continue;
            }

            var first = BinaryPrimitives.ReadUInt64LittleEndian(secret);
            _parts[first] = BinaryPrimitives.ReadUInt64LittleEndian(secret[HalfSize..]);
            var bit = Bit((uint)first);
            _filter[bit >> 6] |= 1UL << (int)(bit & 63);
        }
    }

    /// <summary>Looks through bytes: a frame, or a disk.</summary>
    internal void LookThrough(string where, ReadOnlySpan<byte> bytes)
    {
        if (Find(bytes) is { } found)
        {
            world.Violate("promise 5", $"{where}: {found} in the clear");
        }
    }

    /// <summary>Looks through a text, and through what may be bytes written in it.</summary>
    internal void LookThrough(string where, string text)
    {
        LookThrough(where, Encoding.UTF8.GetBytes(text));
        foreach (var run in HexadecimalRuns().EnumerateMatches(text))
        {
            var digits = text.AsSpan(run.Index, run.Length);
            LookThrough(where, Convert.FromHexString(digits[..(digits.Length & ~1)]));
            LookThrough(where, Convert.FromHexString(digits[(digits.Length & 1)..]));
        }

        foreach (var run in Base64Runs().EnumerateMatches(text))
        {
            for (var start = 0; start < 4; start++)
            {
                var letters = text.AsSpan(run.Index + start, (run.Length - start) & ~3);
                LookThrough(where, Convert.FromBase64String(letters.ToString().Replace('-', '+').Replace('_', '/')));
            }
        }
    }

    private string? Find(ReadOnlySpan<byte> bytes)
    {
        BytesSeen += bytes.Length;
        if (bytes.IndexOf(Planted) >= 0)
        {
            return "a payload";
        }

        for (var at = 0; at + PartSize <= bytes.Length; at++)
        {
            var bit = Bit(BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]));
            if ((_filter[bit >> 6] & (1UL << (int)(bit & 63))) != 0
                && _parts.TryGetValue(BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]), out var second)
                && second == BinaryPrimitives.ReadUInt64LittleEndian(bytes[(at + HalfSize)..]))
            {
                return "a part of a secret";
            }
        }

        return null;
    }

    private static bool IsRandom(ReadOnlySpan<byte> part)
    {
        var seen = new HashSet<byte>();
        foreach (var value in part)
        {
            seen.Add(value);
        }

        return seen.Count >= DistinctBytesMin;
    }

    private static uint Bit(uint word) => (word * 0x9E3779B1) >> (32 - FilterBits);

    [GeneratedRegex("[0-9A-Fa-f]{32,}")]
    private static partial Regex HexadecimalRuns();

    [GeneratedRegex("[0-9A-Za-z+/_-]{24,}")]
    private static partial Regex Base64Runs();
}
