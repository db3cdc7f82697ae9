namespace Kyberium.Engine.Keyring;

/// <summary>How a witness file gets at master keys, which change under it as they are rotated.</summary>
/// <param name="Current">Gives the key to write under.</param>
/// <param name="FindAsync">Gives the key of an id, or throws <see cref="EngineErrorCode.KeyringWrongKey"/>.</param>
internal sealed record KeyLookup(Func<MasterKey> Current, Func<MasterKeyId, CancellationToken, ValueTask<MasterKey>> FindAsync);
