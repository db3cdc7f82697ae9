using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Kyberium.Simulation.World;

/// <summary>Everything that happened, as one running hash: two runs of a seed agree on it or the simulation is not repeatable.</summary>
/// <remarks>Only the last lines are kept as text, for a failing seed to show.</remarks>
internal sealed class History : IDisposable
{
    private const int LinesMax = 400;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _unhashed = new byte[64 << 10];     // a call of the hash costs more than the bytes of an event
    private readonly Event[] _last = new Event[LinesMax];
    private int _unhashedCount;

    /// <summary>Gets or sets where every line goes as it happens.</summary>
    internal TextWriter? Copy { get; set; }

    internal long Count { get; private set; }

    internal IEnumerable<string> Lines
    {
        get
        {
            for (var number = Math.Max(0, Count - LinesMax); number < Count; number++)
            {
                yield return _last[number % LinesMax].ToString();
            }
        }
    }

    internal void Add(long micros, string who, string what, ReadOnlySpan<byte> bytes = default)
    {
        var happened = new Event(micros, who, what);
        _last[Count++ % LinesMax] = happened;
        Span<byte> head = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(head, micros);
        BinaryPrimitives.WriteInt64BigEndian(head[8..], bytes.Length);
        Append(head);
        Append(who);
        Append(what);
        Append(bytes);
        Copy?.WriteLine(Count + " " + happened);
    }

    /// <summary>Gets the hash of all that was added so far.</summary>
    internal string Digest()
    {
        Hash();
        return Convert.ToHexStringLower(_hash.GetCurrentHash());
    }

    public void Dispose() => _hash.Dispose();

    private void Append(string text)
    {
        Span<byte> bytes = stackalloc byte[512];
        var length = Encoding.UTF8.GetBytes(text.AsSpan(0, Math.Min(text.Length, 160)), bytes);
        bytes[length] = 0;
        Append(bytes[..(length + 1)]);
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _unhashed.Length - _unhashedCount)
        {
            Hash();
        }

        if (bytes.Length > _unhashed.Length)
        {
            _hash.AppendData(bytes);
            return;
        }

        bytes.CopyTo(_unhashed.AsSpan(_unhashedCount));
        _unhashedCount += bytes.Length;
    }

    private void Hash()
    {
        _hash.AppendData(_unhashed.AsSpan(0, _unhashedCount));
        _unhashedCount = 0;
    }

    private readonly record struct Event(long Micros, string Who, string What)
    {
        public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Micros / 1e6,12:F6} s  {Who,-10} {What}");
    }
}
