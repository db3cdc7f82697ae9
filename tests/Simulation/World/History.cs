using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Kyberium.Simulation.World;

/// <summary>Everything that happened, as one running hash: two runs of a seed agree on it or the simulation is not repeatable.</summary>
/// <remarks>Only the last lines are kept as text, for a failing seed to show.</remarks>
internal sealed class History : IDisposable
{
    private const int LinesMax = 120;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly Queue<string> _lines = new();
    private readonly byte[] _head = new byte[16];

    /// <summary>Gets or sets where every line goes as it happens.</summary>
    internal TextWriter? Copy { get; set; }

    internal long Count { get; private set; }

    internal IReadOnlyCollection<string> Lines => _lines;

    internal void Add(long micros, string who, string what, ReadOnlySpan<byte> bytes = default)
    {
        Count++;
        BinaryPrimitives.WriteInt64BigEndian(_head, micros);
        BinaryPrimitives.WriteInt64BigEndian(_head.AsSpan(8), bytes.Length);
        _hash.AppendData(_head);
        Append(who);
        Append(what);
        _hash.AppendData(bytes);
        if (_lines.Count == LinesMax)
        {
            _lines.Dequeue();
        }

        var line = string.Create(CultureInfo.InvariantCulture, $"{micros / 1e6,12:F6} s  {who,-10} {what}");
        _lines.Enqueue(line);
        Copy?.WriteLine(Count + " " + line);
    }

    /// <summary>Gets the hash of all that was added so far.</summary>
    internal string Digest() => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public void Dispose() => _hash.Dispose();

    private void Append(string text)
    {
        Span<byte> bytes = stackalloc byte[512];
        var length = Encoding.UTF8.GetBytes(text.AsSpan(0, Math.Min(text.Length, 160)), bytes);
        bytes[length] = 0;
        _hash.AppendData(bytes[..(length + 1)]);
    }
}
