using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Identities;

/// <summary>The identities in memory, by name, by fingerprint, by what a message 1 is addressed to, and by key: a look-up costs the same however
/// many there are.</summary>
/// <remarks>Any thread reads; writers take turns. What was replaced is erased with the table only: handshakes may still be using it.</remarks>
internal sealed class IdentityTable : ILocalIdentities, IDisposable
{
    private readonly ConcurrentDictionary<IdentityName, IdentityKeys[]> _byName = new();
    private readonly ConcurrentDictionary<Fingerprint, (IdentityName Name, IdentityKeys Keys)> _byFingerprint = new();
    private readonly ConcurrentDictionary<Incarnation, Fingerprint> _byAddress = new();
    private readonly Lock _writing = new();
    private readonly HashSet<UInt128> _keys = [];
    private readonly List<IdentityKeys> _replaced = [];

    /// <summary>Gives an identity's generations, newest first; <see langword="null"/> when it does not exist.</summary>
    internal IdentityKeys[]? Find(IdentityName name) => _byName.GetValueOrDefault(name);

    /// <summary>Gives the generation with a document of this fingerprint.</summary>
    internal IdentityKeys? Find(Fingerprint fingerprint) => _byFingerprint.GetValueOrDefault(fingerprint).Keys;

    /// <summary>Finds the identity a message 1 is addressed to, by the first 16 bytes of its fingerprint.</summary>
    internal (IdentityName Name, Fingerprint Fingerprint)? FindAddressed(Incarnation addressed) =>
        _byAddress.TryGetValue(addressed, out var fingerprint) && _byFingerprint.TryGetValue(fingerprint, out var found)
            ? (found.Name, fingerprint)
            : null;

    /// <exception cref="EngineException"><see cref="EngineErrorCode.IdentityUnknown"/>.</exception>
    internal IdentityKeys[] Get(IdentityName name) => Find(name) ?? throw DirectoryErrors.IdentityUnknown(name);

    internal IReadOnlyList<IdentityInfo> List() =>
        [.. _byName.Keys.OrderBy(name => name.Value, StringComparer.Ordinal).Select(Info)];

    /// <exception cref="EngineException"><see cref="EngineErrorCode.IdentityUnknown"/>.</exception>
    internal IdentityInfo Info(IdentityName name)
    {
        var generations = Get(name);
        var document = generations[0].Document;
        return new IdentityInfo(
            name, document.Fingerprint, document.Bytes, [.. document.Suites.InOrder()],
            generations.Length > 1 ? generations[1].Document.Fingerprint : null);
    }

    public IReadOnlyList<Fingerprint> FingerprintsOf(IdentityName identity) =>
        Find(identity) is { } generations ? [.. generations.Select(generation => generation.Document.Fingerprint)] : [];

    public KemDecapsulationKey? Find(Fingerprint identity, Suite suite) => Find(identity)?.KeyOf(suite);

    public SuiteSet SuitesOf(Fingerprint identity) => Find(identity)?.Document.Suites ?? SuiteSet.Empty;

    /// <summary>Says whether a key of the document is one of any identity here.</summary>
    internal bool HasKeyOf(PublicDocument document)
    {
        lock (_writing)
        {
            return KeysOf(document).Any(_keys.Contains);
        }
    }

    /// <summary>Takes an identity as the store has it.</summary>
    /// <param name="row">The content of its row.</param>
    /// <param name="privateKeys">Makes private keys of what is stored.</param>
    internal void Read(ReadOnlyMemory<byte> row, KemPrivateKeys privateKeys)
    {
        var reader = new StateReader(row);
        var name = new IdentityName(reader.Text());
        var generations = new IdentityKeys[reader.Byte()];
        for (var i = 0; i < generations.Length; i++)
        {
            generations[i] = IdentityKeys.Read(name, ref reader, privateKeys);
        }

        if (Find(name) is { } known
            && known.Select(one => one.Document.Fingerprint).SequenceEqual(generations.Select(one => one.Document.Fingerprint)))
        {
            Array.ForEach(generations, static one => one.Dispose());     // handshakes may be using those that are known
            return;
        }

        Set(name, generations);
    }

    /// <summary>Sets an identity's generations.</summary>
    internal void Set(IdentityName name, IdentityKeys[] generations)
    {
        lock (_writing)
        {
            Replace(name, generations);
        }
    }

    public void Dispose()
    {
        foreach (var generation in _byName.Values.SelectMany(generations => generations).Concat(_replaced))
        {
            generation.Dispose();
        }
    }

    private void Replace(IdentityName name, IdentityKeys[] generations)
    {
        foreach (var generation in generations)
        {
            var fingerprint = generation.Document.Fingerprint;
            _byFingerprint[fingerprint] = (name, generation);
            _byAddress[AddressOf(fingerprint)] = fingerprint;
            _keys.UnionWith(KeysOf(generation.Document));
        }

        var before = Find(name) ?? [];
        _byName[name] = generations;
        foreach (var gone in before.Except(generations))
        {
            _replaced.Add(gone);
            var fingerprint = gone.Document.Fingerprint;
            if (!generations.Any(generation => generation.Document.Fingerprint == fingerprint))
            {
                _byFingerprint.TryRemove(fingerprint, out _);
                _byAddress.TryRemove(AddressOf(fingerprint), out _);
                _keys.ExceptWith(KeysOf(gone.Document));
            }
        }
    }

    private static Incarnation AddressOf(Fingerprint fingerprint) => Incarnation.Read(fingerprint.Bytes);

    private static IEnumerable<UInt128> KeysOf(PublicDocument document) =>
        document.Suites.InOrder().Select(suite => Digest(suite, document.KeyOf(suite)!.Bytes.Span));

    // 128 bits of SHA-256 stand for a key: it has more than a thousand bytes. Who finds two keys with one digest has at most one of his own refused.
    private static UInt128 Digest(Suite suite, ReadOnlySpan<byte> key)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash) ^ (uint)suite;
    }
}
