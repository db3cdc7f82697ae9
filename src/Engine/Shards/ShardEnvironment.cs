using Kyberium.Engine.Audit;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Identities;
using Kyberium.Engine.Links;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Settings;
using Kyberium.Engine.Wire;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kyberium.Engine.Shards;

/// <summary>What all shards of an engine share.</summary>
internal sealed class ShardEnvironment
{
    internal required EngineSettings Settings { get; init; }

    internal required IJournal Journal { get; init; }

    internal required IKeyring Keyring { get; init; }

    internal required EngineScheduler Scheduler { get; init; }

    internal required IEntropySource Entropy { get; init; }

    internal required ILocalIdentities Identities { get; init; }

    internal required IEphemeralKeys EphemeralKeys { get; init; }

    /// <summary>Gets the protocol versions that handshakes announce.</summary>
    internal VersionRange Versions { get; init; } = VersionRange.Spoken;

    internal required IEnvelopeOutlet Outlet { get; init; }

    internal required IInboxSignal Inbox { get; init; }

    internal required IAuditTrail Audit { get; init; }

    internal required OutboxRoom OutboxRoom { get; init; }

    internal ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>Gets who hears that a handshake a peer had started from this source completed.</summary>
    internal Action<string> HandshakeCompleted { get; init; } = static _ => { };

    internal required OperationIds Operations { get; init; }

    internal required ShardLookup Lookup { get; init; }

    internal TailRelief TailRelief { get; } = new();

    internal OutgoingTransfers Transfers { get; } = new();

    internal PinnedDocuments Documents { get; } = new();

    internal PeerPolicies Policies { get; } = new();

    internal required KeyedTraffic Keyed { get; init; }

    internal required AeadProviders Aead { get; init; }

    /// <summary>Gets the generation of the store: rises when it was restored from an older copy on purpose.</summary>
    internal uint Generation { get; set; }

    /// <summary>Gets how far shards have to be at least, as was remembered when the engine started.</summary>
    internal IReadOnlyDictionary<ShardId, ShardWitness> Witnesses { get; init; } = new Dictionary<ShardId, ShardWitness>();

    /// <summary>Gets what remembers, beside the keyring, how far shards have come.</summary>
    internal IStoreWitness? Witness { get; init; }

    internal StepInput Input() => new(
        new UnixMillis(Scheduler.UnixMillis), new MonotonicMillis(Scheduler.MonotonicMillis), Entropy);
}

/// <summary>Hears that a peer has messages for the application.</summary>
internal interface IInboxSignal
{
    void Ready(Shard shard, ResidentPeer peer);
}
