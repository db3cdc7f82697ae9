namespace Kyberium.Engine;

/// <summary>Every failure the engine reports. A number is never reused; docs/operating/error-codes.md explains each.</summary>
public enum EngineErrorCode
{
    // 10xx: the caller changes code, input or configuration.

    /// <summary>Options are missing or out of range; the message lists every problem.</summary>
    OptionsInvalid = 1001,

    /// <summary>No peer of this name is pinned.</summary>
    PeerUnknown = 1002,

    /// <summary>A peer of this name, or a pin of this key, exists already.</summary>
    PeerExists = 1003,

    /// <summary>The peer is suspended.</summary>
    PeerSuspended = 1004,

    /// <summary>No identity of this name exists.</summary>
    IdentityUnknown = 1005,

    /// <summary>An identity of this name exists already.</summary>
    IdentityExists = 1006,

    /// <summary>A public document is malformed, or holds a key that fails its checks.</summary>
    PublicDocumentInvalid = 1007,

    /// <summary>Policy forbids what was asked.</summary>
    PolicyForbids = 1008,

    /// <summary>The payload is larger than the limit in force.</summary>
    PayloadTooLarge = 1009,

    /// <summary>The message named does not exist or is not in that state.</summary>
    MessageUnknown = 1010,

    /// <summary>No open session with the peer exists and the call may not wait for one.</summary>
    SessionMissing = 1011,

    /// <summary>The peer has no address and the operation needs one.</summary>
    PeerUnreachable = 1012,

    /// <summary>A template is malformed or unknown.</summary>
    TemplateInvalid = 1013,

    /// <summary>The engine was stopped.</summary>
    EngineStopped = 1014,

    /// <summary>A command line, control request or argument is malformed.</summary>
    RequestInvalid = 1015,

    /// <summary>The cluster does not take this node: another name, other shard groups, or the node's name is in use.</summary>
    ClusterRefused = 1016,

    /// <summary>A node's program is too old for the cluster it wants to join, or speaks another form of joining.</summary>
    NodeVersionUnsupported = 1021,

    /// <summary>What a node showed in order to join is not in force: a wrong, used or expired token, or a certificate that is refused.</summary>
    JoinProofInvalid = 1022,

    // 20xx: the peer sent something unacceptable. One code for every decryption failure, on purpose.

    /// <summary>The envelope does not open: wrong key, changed bytes, replayed or out of its window.</summary>
    EnvelopeRejected = 2001,

    /// <summary>The envelope is cut short, too long, or its header contradicts itself.</summary>
    EnvelopeMalformed = 2002,

    /// <summary>The envelope's version is not spoken here.</summary>
    EnvelopeVersionUnsupported = 2003,

    /// <summary>The envelope's suite is not known here.</summary>
    EnvelopeSuiteUnsupported = 2004,

    /// <summary>The peer's delivery stream contradicts what is stored: one side was rolled back or cloned.</summary>
    StreamDiverged = 2005,

    // 30xx: the same call may succeed later without any change by the caller.

    /// <summary>The shard is recovering from its journal.</summary>
    ShardRecovering = 3001,

    /// <summary>The engine is draining or stopping.</summary>
    EngineStopping = 3002,

    /// <summary>The peer's outbox is full; wait for acknowledgements.</summary>
    OutboxFull = 3003,

    /// <summary>No session could be established in time.</summary>
    HandshakeTimedOut = 3004,

    /// <summary>The store cannot take more: its disk is full.</summary>
    JournalFull = 3005,

    /// <summary>The store did not answer in time; the outcome is being resolved.</summary>
    JournalUnavailable = 3006,

    /// <summary>Too many of something that is bounded are in flight.</summary>
    Overloaded = 3007,

    /// <summary>The epoch is at a hard limit and waits for its rekey.</summary>
    EpochExhausted = 3008,

    /// <summary>This node's lease is over: it serves no shard until it has joined again.</summary>
    LeaseLost = 3009,

    /// <summary>The shard belongs to another node, or is on its way to one.</summary>
    ShardElsewhere = 3010,

    /// <summary>Another node of the cluster was not reached in time: the request was not sent, and nothing happened.</summary>
    NodeUnreachable = 3021,

    /// <summary>A request to another node was sent and no answer came: it may have happened.</summary>
    OutcomeUnknown = 3022,

    // 40xx: an operator must look.

    /// <summary>A stored record or row is damaged.</summary>
    JournalCorrupt = 4001,

    /// <summary>The data directory was written by a newer version.</summary>
    JournalVersionUnsupported = 4002,

    /// <summary>Another process has the data directory open.</summary>
    DataDirectoryLocked = 4003,

    /// <summary>The data directory cannot be written.</summary>
    DataDirectoryReadOnly = 4004,

    /// <summary>The store is older than what the keyring remembers: a restored or cloned copy.</summary>
    StoreRolledBack = 4005,

    /// <summary>The shard's fence was lost to another owner.</summary>
    ShardFenced = 4006,

    /// <summary>The master key is missing.</summary>
    KeyringMissing = 4007,

    /// <summary>The keyring exists but cannot be used: unreadable, malformed, or readable by others.</summary>
    KeyringUnusable = 4008,

    /// <summary>The keyring's key does not open this store.</summary>
    KeyringWrongKey = 4009,

    /// <summary>A cryptographic self-test failed; the engine refuses to start.</summary>
    SelfTestFailed = 4010,

    /// <summary>The store belongs to another identity or keyring than the one configured.</summary>
    StoreMismatch = 4011,

    /// <summary>The engine broke one of its own rules: a defect. The shard restarts from its journal.</summary>
    InternalError = 4012,

    /// <summary>A cryptographic provider that was asked for is not available on this machine.</summary>
    ProviderUnavailable = 4013,

    /// <summary>The cluster's authority, or a node's certificate or key, cannot be used: missing, malformed, readable by others, or not of
    /// this cluster.</summary>
    ClusterCertificateUnusable = 4021,
}
