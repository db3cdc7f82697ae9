using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Identities;

/// <summary>One generation of an identity's static keys: a seed of its own for each suite, and the public document.</summary>
internal sealed class IdentityKeys : IDisposable
{
    private readonly Dictionary<Suite, (SecretBytes Seed, KemDecapsulationKey Key)> _keys;

    private IdentityKeys(Dictionary<Suite, (SecretBytes Seed, KemDecapsulationKey Key)> keys, PublicDocument document)
    {
        _keys = keys;
        Document = document;
    }

    internal PublicDocument Document { get; }

    /// <summary>Draws a generation: no seed serves two suites.</summary>
    internal static IdentityKeys Create(
        IdentityName name, IReadOnlyList<Suite> suites, IEntropySource entropy, KemPrivateKeys keys)
    {
        var seeds = new Dictionary<Suite, SecretBytes>();
        Span<byte> random = stackalloc byte[64];
        foreach (var suite in suites)
        {
            var seed = random[..SuiteKems.Of(suite).SeedSize];
            entropy.Fill(seed);
            seeds[suite] = SecretBytes.CopyOf(seed);
        }

        CryptographicOperations.ZeroMemory(random);
        return From(name, seeds, keys);
    }

    internal KemDecapsulationKey? KeyOf(Suite suite) => _keys.TryGetValue(suite, out var entry) ? entry.Key : null;

    internal void Write(StateWriter writer)
    {
        writer.Byte((byte)_keys.Count);
        foreach (var (suite, entry) in _keys.OrderBy(pair => pair.Key))
        {
            writer.UInt16((int)suite);
            writer.Bytes(entry.Seed.Reveal());
        }
    }

    internal static IdentityKeys Read(IdentityName name, ref StateReader reader, KemPrivateKeys keys)
    {
        var seeds = new Dictionary<Suite, SecretBytes>();
        for (var left = reader.Byte(); left > 0; left--)
        {
            var suite = (Suite)reader.UInt16();
            seeds[suite] = SecretBytes.CopyOf(reader.Bytes().Span);
        }

        return From(name, seeds, keys);
    }

    public void Dispose()
    {
        foreach (var (seed, key) in _keys.Values)
        {
            seed.Dispose();
            key.Dispose();
        }
    }

    private static IdentityKeys From(IdentityName name, Dictionary<Suite, SecretBytes> seeds, KemPrivateKeys keys)
    {
        var made = seeds.ToDictionary(
            pair => pair.Key, pair => (pair.Value, keys.ImportSeed(SuiteKems.Of(pair.Key), pair.Value.Reveal())));
        return new IdentityKeys(
            made, PublicDocument.Create(name.Value, made.Select(pair => (pair.Key, pair.Value.Item2.EncapsulationKey))));
    }
}
