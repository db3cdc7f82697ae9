using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Handshake;

/// <summary>One end of handshakes: an identity with a key of each of its suites, and the provider that computes for it.</summary>
internal sealed class HandshakeEnd : IStaticKeys, IEphemeralKeys
{
    private readonly Dictionary<Suite, KemDecapsulationKey> _keys;

    internal HandshakeEnd(ushort shard, int seed, params Suite[] suites)
    {
        Entropy = new SeededEntropy(seed);
        _keys = suites.ToDictionary(suite => suite, suite => SuiteKems.Of(suite).ImportSeed(Entropy.Bytes(SuiteKems.Of(suite).SeedSize)));
        Document = PublicDocument.Create(string.Empty, _keys.Select(entry => (entry.Key, entry.Value.EncapsulationKey)));
        Suites = SuiteSet.Of(suites);
        Provider = new PqIkHandshakes(shard, this, this, new PinnedDocuments(), VersionRange.Spoken);
    }

    internal SeededEntropy Entropy { get; }

    internal PublicDocument Document { get; }

    internal Fingerprint Fingerprint => Document.Fingerprint;

    internal Pin Pin => new(Fingerprint, Document.Bytes, Proved: true);

    /// <summary>Gets or sets what it says to others that it has keys for.</summary>
    internal SuiteSet Suites { get; set; }

    internal PqIkHandshakes Provider { get; }

    /// <summary>Gets the ephemeral key taken last.</summary>
    internal WatchedKey? Ephemeral { get; private set; }

    internal KemDecapsulationKey Key(Suite suite) => _keys[suite];

    public KemDecapsulationKey? Find(Fingerprint identity, Suite suite) =>
        identity == Fingerprint ? _keys.GetValueOrDefault(suite) : null;

    public SuiteSet SuitesOf(Fingerprint identity) => identity == Fingerprint ? Suites : SuiteSet.Empty;

    public KemDecapsulationKey Take(Kem kem) => Ephemeral = new WatchedKey(kem.ImportSeed(Entropy.Bytes(kem.SeedSize)));

    internal HandshakeResult Run(HandshakeTask task) => Provider.Run(task, Entropy);

    /// <summary>A key that says whether it was destroyed.</summary>
    internal sealed class WatchedKey(KemDecapsulationKey key) : KemDecapsulationKey
    {
        internal bool IsDestroyed { get; private set; }

        internal override KemEncapsulationKey EncapsulationKey => key.EncapsulationKey;

        internal override bool TryDecapsulate(ReadOnlySpan<byte> ciphertext, Span<byte> sharedSecret) =>
            key.TryDecapsulate(ciphertext, sharedSecret);

        public override void Dispose()
        {
            IsDestroyed = true;
            key.Dispose();
        }
    }
}
