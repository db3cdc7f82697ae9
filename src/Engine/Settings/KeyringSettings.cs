namespace Kyberium.Engine.Settings;

/// <summary>Where the master keys lie. Validated and immutable.</summary>
internal sealed record KeyringSettings(string? Path, string? PassphraseFile);
