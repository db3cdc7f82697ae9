using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Wire;

/// <summary>What an identity publishes: its encapsulation keys, one per suite it enables. docs/formats/public-document.md.</summary>
/// <remarks>
/// The encoding is canonical, so equal documents have equal fingerprints. Every key was checked by its mechanism; those
/// read are kept compact: whoever uses one often imports it again, expanded.
/// Immutable, thread-safe.
/// </remarks>
internal sealed class PublicDocument
{
    /// <summary>The longest encoding read; all five keys and a name of 128 take 6,621 bytes.</summary>
    internal const int LengthMax = 8_192;

    private const byte Version = 1;
    private const int HeadSize = 6;
    private const int KeyHeadSize = 4;

    private static ReadOnlySpan<byte> Magic => "KYBP"u8;

    private readonly ImmutableArray<(Suite Suite, KemEncapsulationKey Key)> _keys;
    private readonly ReadOnlyMemory<byte> _bytes;

    private PublicDocument(string name, ImmutableArray<(Suite Suite, KemEncapsulationKey Key)> keys, ReadOnlyMemory<byte> bytes)
    {
        Name = name;
        _keys = keys;
        _bytes = bytes;
        Fingerprint = Fingerprint.Of(bytes.Span);
        foreach (var (suite, _) in keys)
        {
            Suites = Suites.With(suite);
        }
    }

    /// <summary>Gets the display name; empty when it has none. Chosen by its owner, so nothing may be decided by it.</summary>
    internal string Name { get; }

    internal Fingerprint Fingerprint { get; }

    /// <summary>Gets the suites the identity has keys for; never empty.</summary>
    internal SuiteSet Suites { get; }

    /// <summary>Gets the canonical encoding.</summary>
    internal ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Gives the key of a suite, or <see langword="null"/>.</summary>
    internal KemEncapsulationKey? KeyOf(Suite suite)
    {
        foreach (var entry in _keys)
        {
            if (entry.Suite == suite)
            {
                return entry.Key;
            }
        }

        return null;
    }

    /// <summary>Makes the document of an identity.</summary>
    /// <param name="name">Empty, or 1 to 128 of the characters a <see cref="PeerId"/> has.</param>
    /// <param name="keys">At least one; one per suite; any order.</param>
    /// <exception cref="ArgumentException">The name is too long or has another character, or a suite occurs twice or
    /// never.</exception>
    internal static PublicDocument Create(string name, IEnumerable<(Suite Suite, KemEncapsulationKey Key)> keys)
    {
        var ordered = keys.OrderBy(entry => entry.Suite).ToImmutableArray();
        if (name.Length > 0 && !PeerId.TryParse(name, out _))
        {
            throw new ArgumentException("The name has a character or length a peer id cannot have.", nameof(name));
        }

        if (ordered.IsEmpty
            || ordered.Select(entry => entry.Suite).Distinct().Count() != ordered.Length
            || ordered.Any(entry => !SuiteSet.IsKnown((int)entry.Suite) || entry.Key.Kem != SuiteKems.Of(entry.Suite)))
        {
            throw new ArgumentException("A document has one key, of the suite's mechanism, for each of one or more known suites.", nameof(keys));
        }

        return new PublicDocument(name, ordered, Encode(name, ordered));
    }

    /// <summary>Reads a document and checks every key in it.</summary>
    /// <param name="source">Exactly one document; untrusted.</param>
    internal static bool TryRead(
        ReadOnlySpan<byte> source, [NotNullWhen(true)] out PublicDocument? document, out WireFailure failure)
    {
        document = null;
        return TryReadHead(source, out _, out _, out _, out failure)    // what is no document, or too long, is not copied
            && TryReadKept(source.ToArray(), out document, out failure);
    }

    /// <summary>The same for bytes that are kept, not copied, and never written again: the document and its keys lie in them.</summary>
    internal static bool TryReadKept(
        ReadOnlyMemory<byte> source, [NotNullWhen(true)] out PublicDocument? document, out WireFailure failure)
    {
        document = null;
        if (!TryReadHead(source.Span, out var name, out var keyCount, out var headSize, out failure))
        {
            return false;
        }

        var rest = source[headSize..];

        var keys = ImmutableArray.CreateBuilder<(Suite, KemEncapsulationKey)>(keyCount);
        var previous = 0;
        for (var i = 0; i < keyCount; i++)
        {
            if (!TryReadKey(ref rest, previous, out var suite, out var key, out failure))
            {
                return false;
            }

            keys.Add((suite, key!));
            previous = (int)suite;
        }

        failure = rest.IsEmpty ? WireFailure.None : WireFailure.LengthMismatch;
        document = failure == WireFailure.None
            ? new PublicDocument(name, keys.MoveToImmutable(), source)
            : null;
        return document is not null;
    }

    /// <summary>Gives the suites of a document that was checked before, without looking at its keys; none when it is no document.</summary>
    internal static SuiteSet SuitesOf(ReadOnlySpan<byte> source)
    {
        var suites = SuiteSet.Empty;
        if (!TryReadHead(source, out _, out var left, out var headSize, out _))
        {
            return suites;
        }

        for (var rest = source[headSize..]; left > 0; left--)
        {
            if (rest.Length < KeyHeadSize
                || rest.Length - KeyHeadSize < BinaryPrimitives.ReadUInt16BigEndian(rest[2..])
                || !SuiteSet.IsKnown(BinaryPrimitives.ReadUInt16BigEndian(rest)))
            {
                return SuiteSet.Empty;
            }

            suites = suites.With((Suite)BinaryPrimitives.ReadUInt16BigEndian(rest));
            rest = rest[(KeyHeadSize + BinaryPrimitives.ReadUInt16BigEndian(rest[2..]))..];
        }

        return suites;
    }

    private static bool TryReadHead(
        ReadOnlySpan<byte> source, out string name, out int keyCount, out int headSize, out WireFailure failure)
    {
        name = string.Empty;
        keyCount = 0;
        headSize = 0;
        failure = source switch
        {
            { Length: > LengthMax } => WireFailure.Oversized,
            { Length: < HeadSize } => WireFailure.Truncated,
            _ when !source.StartsWith(Magic) => WireFailure.FieldInvalid,
            _ when source[4] != Version => WireFailure.VersionUnsupported,
            _ when source.Length < HeadSize + source[5] + 1 => WireFailure.Truncated,
            _ => WireFailure.None,
        };
        if (failure != WireFailure.None)
        {
            return false;
        }

        var nameBytes = source.Slice(HeadSize, source[5]);
        name = Encoding.ASCII.GetString(nameBytes);
        keyCount = source[HeadSize + nameBytes.Length];
        headSize = HeadSize + nameBytes.Length + 1;
        failure = (name.Length == 0 || PeerId.TryParse(name, out _)) && keyCount is > 0 && keyCount <= SuiteSet.All.Count
            ? WireFailure.None
            : WireFailure.FieldInvalid;
        return failure == WireFailure.None;
    }

    private static bool TryReadKey(
        ref ReadOnlyMemory<byte> rest, int previous,
        out Suite suite, out KemEncapsulationKey? key, out WireFailure failure)
    {
        suite = default;
        key = null;
        if (rest.Length < KeyHeadSize || rest.Length - KeyHeadSize < BinaryPrimitives.ReadUInt16BigEndian(rest.Span[2..]))
        {
            failure = WireFailure.Truncated;
            return false;
        }

        int number = BinaryPrimitives.ReadUInt16BigEndian(rest.Span);
        var keyBytes = rest.Slice(KeyHeadSize, BinaryPrimitives.ReadUInt16BigEndian(rest.Span[2..]));
        rest = rest[(KeyHeadSize + keyBytes.Length)..];
        suite = (Suite)number;
        failure = number switch
        {
            _ when number == previous => WireFailure.FieldRepeated,
            _ when number < previous => WireFailure.FieldOrder,
            _ when !SuiteSet.IsKnown(number) => WireFailure.SuiteUnsupported,
            _ when keyBytes.Length != SuiteKems.Of(suite).EncapsulationKeySize => WireFailure.LengthMismatch,
            _ => WireFailure.None,
        };
        if (failure == WireFailure.None)
        {
            key = SuiteKems.Of(suite).TryImportEncapsulationKey(keyBytes, KeyFootprint.Compact);
            failure = key is null ? WireFailure.KeyInvalid : WireFailure.None;
        }

        return failure == WireFailure.None;
    }

    private static byte[] Encode(string name, ImmutableArray<(Suite Suite, KemEncapsulationKey Key)> keys)
    {
        var bytes = new byte[HeadSize + name.Length + 1 + keys.Sum(entry => KeyHeadSize + entry.Key.Bytes.Length)];
        Magic.CopyTo(bytes);
        bytes[4] = Version;
        bytes[5] = (byte)name.Length;
        var position = HeadSize + Encoding.ASCII.GetBytes(name, bytes.AsSpan(HeadSize));
        bytes[position++] = (byte)keys.Length;
        foreach (var (suite, key) in keys)
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(position), (ushort)suite);
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(position + 2), (ushort)key.Bytes.Length);
            key.Bytes.Span.CopyTo(bytes.AsSpan(position + KeyHeadSize));
            position += KeyHeadSize + key.Bytes.Length;
        }

        return bytes;
    }
}
