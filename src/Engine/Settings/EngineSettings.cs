namespace Kyberium.Engine.Settings;

/// <summary>Everything the engine was told. Validated and immutable.</summary>
internal sealed record EngineSettings(
    string? DataDirectory,
    KeyringSettings Keyring,
    ShardSettings Shard,
    ResidencySettings Residency,
    HandshakeSettings Handshake,
    DeliverySettings Delivery,
    JournalSettings Journal,
    PipelineSettings Pipeline,
    LinksSettings Links,
    CryptographySettings Cryptography,
    TemplatesSettings Templates);
