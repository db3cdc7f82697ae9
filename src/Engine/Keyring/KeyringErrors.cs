namespace Kyberium.Engine.Keyring;

/// <summary>Every failure of a keyring, each with what to do next.</summary>
internal static class KeyringErrors
{
    internal static EngineException Missing(string path) =>
        new(EngineErrorCode.KeyringMissing,
            $"there is no keyring at '{path}'; if this store is new run 'kyberium keyring create --path {path}', otherwise "
            + "restore the keyring it was written with: without that its data cannot be read");

    internal static EngineException Exists(string path) =>
        new(EngineErrorCode.RequestInvalid,
            $"a keyring exists at '{path}' and is never overwritten; use it, rotate it with 'kyberium keyring rotate --path "
            + $"{path}', or choose another path");

    internal static EngineException ReadableByOthers(string path, UnixFileMode mode) =>
        new(EngineErrorCode.KeyringUnusable,
            $"'{path}' has mode {Convert.ToString((int)mode, 8).PadLeft(4, '0')}, so others than its owner can get at it; run "
            + $"'chmod 600 {path}', and rotate if somebody may have read it");

    internal static EngineException OwnedByAnother(string path, uint owner, uint self) =>
        new(EngineErrorCode.KeyringUnusable,
            $"'{path}' belongs to user id {owner} but this process runs as {self}; run 'chown {self} {path} && chmod 600 "
            + $"{path}', or run as its owner");

    internal static EngineException CredentialReadableByAll(string path) =>
        new(EngineErrorCode.KeyringUnusable,
            $"the credential '{path}' is open to every user; run 'chmod o= {path}', or let systemd provide it with "
            + "LoadCredential=");

    internal static EngineException Unreadable(string path, Exception cause) =>
        new(EngineErrorCode.KeyringUnusable,
            $"'{path}' cannot be read ({cause.Message}); check its path, its owner and 'chmod 600 {path}'", cause);

    internal static EngineException Unwritable(string path, Exception cause) =>
        new(EngineErrorCode.KeyringUnusable,
            $"'{path}' cannot be written ({cause.Message}); the old content is still in place: give this user write access "
            + "to the folder and free space, then try again",
            cause);

    internal static EngineException Busy(string path, Exception cause) =>
        new(EngineErrorCode.KeyringUnusable,
            $"another process is changing the keyring '{path}' (or '{path}.lock' cannot be opened: {cause.Message}); wait "
            + "for it, then try again",
            cause);

    internal static EngineException NotAKeyring(string path) =>
        new(EngineErrorCode.KeyringUnusable, $"'{path}' is not a keyring; point kyberium.engine.keyring.path at one");

    internal static EngineException TooLarge(string path, long size, long sizeMax) =>
        new(EngineErrorCode.KeyringUnusable,
            $"'{path}' has {size:N0} bytes where at most {sizeMax:N0} are possible; restore it from its backup");

    internal static EngineException VersionUnsupported(string path, int version) =>
        new(EngineErrorCode.KeyringUnusable, $"'{path}' is of format version {version}; start an engine that knows it");

    internal static EngineException Damaged(string path, string how) =>
        new(EngineErrorCode.KeyringUnusable, $"'{path}' is damaged: {how}; restore it from its backup");

    internal static EngineException Full(string path) =>
        new(EngineErrorCode.KeyringUnusable,
            $"the keyring '{path}' holds {MasterKeySet.CountMax:N0} master keys, as many as fit; move to a new keyring");

    internal static EngineException PassphraseMissing(string path) =>
        new(EngineErrorCode.KeyringUnusable,
            $"the keyring '{path}' is protected by a passphrase and none was given; set "
            + "kyberium.engine.keyring.passphrase-file to the file or credential that holds it");

    internal static EngineException PassphraseUnexpected(string path) =>
        new(EngineErrorCode.KeyringUnusable,
            $"a passphrase was given but the keyring '{path}' is not protected by one; remove "
            + "kyberium.engine.keyring.passphrase-file, or create a protected keyring");

    internal static EngineException PassphraseUnusable(string path, string why) =>
        new(EngineErrorCode.KeyringUnusable, $"the passphrase file '{path}' {why}");

    internal static EngineException CredentialsDirectoryMissing(string path) =>
        new(EngineErrorCode.KeyringUnusable,
            $"the passphrase file is '{path}' but the variable CREDENTIALS_DIRECTORY is not set; start as a systemd unit with "
            + "LoadCredential=, or give a plain path");

    internal static EngineException PassphraseChanged(string path) =>
        new(EngineErrorCode.KeyringUnusable,
            $"the keyring '{path}' was replaced by one with another passphrase or protection; restart to open it anew");

    internal static EngineException WrongPassphrase(string path) =>
        new(EngineErrorCode.KeyringWrongKey, $"the passphrase does not open the keyring '{path}'; give the one it was made with");

    internal static EngineException UnknownMasterKey(MasterKeyId id, string keyring) =>
        new(EngineErrorCode.KeyringWrongKey,
            $"master key {id} is needed and is not in {keyring}; point kyberium.engine.keyring.path at the keyring that the "
            + "store was written with");

    internal static EngineException DoesNotUnwrap(MasterKeyId id) =>
        new(EngineErrorCode.KeyringWrongKey,
            $"a key wrapped under master key {id} does not open: its bytes were changed, or it was wrapped for something "
            + "else; restore the store from its backup");

    internal static EngineException WrappedKeyMalformed(int size) =>
        new(EngineErrorCode.KeyringWrongKey,
            $"{size:N0} bytes that should be a wrapped key of version {KeyWrapping.Version} are not; was this store written by "
            + "a newer engine or another kind of keyring?");

    internal static EngineException WitnessDamaged(string path, string how) =>
        new(EngineErrorCode.KeyringUnusable,
            $"the witness file '{path}' {how}; it tells a restored store from the latest one, so restore it, or delete it "
            + "only when you know that the store is the latest");

    internal static EngineException WitnessBusy(string path, Exception cause) =>
        new(EngineErrorCode.KeyringUnusable,
            $"another process holds '{path}.lock' and stands still, or it cannot be opened ({cause.Message}): how far the store has come is not written down; "
            + "end the process that had this store before, then the next checkpoint writes it",
            cause);

    internal static EngineException WitnessesTooMany(string path) =>
        new(EngineErrorCode.KeyringUnusable,
            $"the witness file '{path}' would hold more than {WitnessFile.CountMax:N0} shards; remove shards of groups that "
            + "no longer exist by starting a new store");
}
