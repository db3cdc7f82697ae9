using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Keyring;

namespace Kyberium.Engine;

/// <summary>A keyring in one file that only its owner can read, optionally sealed by a passphrase.</summary>
/// <remarks>
/// <para>Only <see cref="CreateAsync"/> ever makes a keyring; everything else refuses when it is missing. The file is
/// refused when group or others can get at it or another user owns it.</para>
/// <para>Thread-safe, except against its own disposal. A keyring that another process rotated is read again when a key
/// that it does not know is asked for. Format: docs/formats/keyring.md.</para>
/// </remarks>
public sealed class FileKeyring : IKeyring
{
    private readonly string _path;
    private readonly PassphraseKey? _protection;
    private readonly TimeProvider _time;
    private readonly WitnessFolder _witnesses;
    private readonly SemaphoreSlim _changing = new(1, 1);
    private MasterKeySet _keys;
    private bool _disposed;

    private FileKeyring(string path, PassphraseKey? protection, MasterKeySet keys, TimeProvider time)
    {
        _path = path;
        _protection = protection;
        _keys = keys;
        _time = time;
        _witnesses = new WitnessFolder(path + ".witness", new KeyLookup(CurrentKey, FindKeyAsync), new ThreadPoolScheduler(time));
    }

    /// <inheritdoc/>
    public string Description =>
        $"file '{_path}', master key {Keys.Current.Id}, {(_protection is null ? "no passphrase" : "passphrase")}";

    /// <summary>Gets what may be told of the master keys, the current one first.</summary>
    public IReadOnlyList<MasterKeyInfo> MasterKeys => [.. Keys.Keys.Select((key, index) => Describe(key, index == 0))];

    private MasterKeySet Keys
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return Volatile.Read(ref _keys);
        }
    }

    /// <summary>Makes a keyring with one random master key and opens it. The folder is made if need be, mode 0700.</summary>
    /// <exception cref="EngineException">
    /// <see cref="EngineErrorCode.RequestInvalid"/>: one exists; it is never overwritten.
    /// <see cref="EngineErrorCode.KeyringUnusable"/>: it cannot be written, or the passphrase file is unusable.
    /// </exception>
    public static async Task<FileKeyring> CreateAsync(
        FileKeyringOptions options, CancellationToken cancellationToken = default)
    {
        Check(options);
        var path = Path.GetFullPath(options.Path);
        PrivateFile.CreateFolder(Path.GetDirectoryName(path)!);
        using var changing = KeyringLock.Take(path);
        if (Path.Exists(path))
        {
            throw KeyringErrors.Exists(path);
        }

        PassphraseKey? protection = null;
        MasterKeySet? keys = null;
        try
        {
            if (options.HasPassphrase)
            {
                using var passphrase = await PassphraseSource.ReadAsync(options, cancellationToken).ConfigureAwait(false);
                protection = PassphraseKey.Derive(
                    passphrase.Reveal(), SystemEntropy.Draw(PassphraseKey.SaltSize), options.PassphraseIterations);
            }

            keys = new MasterKeySet([MasterKey.Draw(options.TimeProvider.GetUtcNow())]);
            await StoreAsync(path, keys, protection, cancellationToken).ConfigureAwait(false);
            return new FileKeyring(path, protection, keys, options.TimeProvider);
        }
        catch
        {
            protection?.Dispose();
            keys?.Zero();
            throw;
        }
    }

    /// <summary>Opens an existing keyring. With a passphrase this computes for some tenths of a second on the caller's thread.</summary>
    /// <exception cref="EngineException">
    /// <see cref="EngineErrorCode.KeyringMissing"/>: there is none; none is made.
    /// <see cref="EngineErrorCode.KeyringUnusable"/>: open to others, owned by another user, unreadable, damaged, or a
    /// passphrase is missing or one too many. <see cref="EngineErrorCode.KeyringWrongKey"/>: the passphrase is wrong.
    /// </exception>
    public static async Task<FileKeyring> OpenAsync(
        FileKeyringOptions options, CancellationToken cancellationToken = default)
    {
        Check(options);
        var path = FollowLinks(Path.GetFullPath(options.Path));
        var file = await LoadAsync(path, cancellationToken).ConfigureAwait(false);
        PassphraseKey? protection = null;
        try
        {
            var stored = KeyringFile.ReadProtection(file, path);
            if (stored.ByPassphrase != options.HasPassphrase)
            {
                throw stored.ByPassphrase ? KeyringErrors.PassphraseMissing(path) : KeyringErrors.PassphraseUnexpected(path);
            }

            if (stored.ByPassphrase)
            {
                using var passphrase = await PassphraseSource.ReadAsync(options, cancellationToken).ConfigureAwait(false);
                protection = PassphraseKey.Derive(passphrase.Reveal(), stored.Salt, stored.Iterations);
            }

            return new FileKeyring(path, protection, KeyringFile.Decode(file, protection, path), options.TimeProvider);
        }
        catch
        {
            protection?.Dispose();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(file);
        }
    }

    /// <summary>Adds a new current master key; the older ones stay, to unwrap what they wrapped. Durable when it completes.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.KeyringUnusable"/>: the file cannot be replaced, another
    /// process is changing it, or it is full. The keyring is as before.</exception>
    public async Task<MasterKeyInfo> RotateAsync(CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        await _changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            using var changing = KeyringLock.Take(_path);
            await ReloadAsync(cancellationToken).ConfigureAwait(false);    // somebody else may have rotated meanwhile
            if (_keys.Keys.Length == MasterKeySet.CountMax)
            {
                throw KeyringErrors.Full(_path);
            }

            var key = MasterKey.Draw(_time.GetUtcNow());
            var next = _keys.WithCurrent(key);
            try
            {
                await StoreAsync(_path, next, _protection, cancellationToken).ConfigureAwait(false);
            }
            catch
            {
                key.Dispose();
                throw;
            }

            Volatile.Write(ref _keys, next);
            return Describe(key, isCurrent: true);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <inheritdoc/>
    public ValueTask<ReadOnlyMemory<byte>> WrapAsync(
        ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default)
    {
        Span<byte> salt = stackalloc byte[KeyWrapping.SaltSize];
        SystemEntropy.Instance.Fill(salt);
        return ValueTask.FromResult<ReadOnlyMemory<byte>>(KeyWrapping.Wrap(Keys.Current, salt, key.Span, context.Span));
    }

    /// <inheritdoc/>
    public async ValueTask<byte[]> UnwrapAsync(
        ReadOnlyMemory<byte> wrapped, ReadOnlyMemory<byte> context, CancellationToken cancellationToken = default)
    {
        var id = KeyWrapping.ReadMasterKeyId(wrapped.Span);
        var master = await FindKeyAsync(id, cancellationToken).ConfigureAwait(false);
        return KeyWrapping.Unwrap(master, wrapped.Span, context.Span);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ShardWitness>> ReadWitnessesAsync(
        ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken = default) =>
        _witnesses.Of(storeId.Span).ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask WriteWitnessesAsync(
        ReadOnlyMemory<byte> storeId, IReadOnlyList<ShardWitness> witnesses, CancellationToken cancellationToken = default) =>
        _witnesses.Of(storeId.Span).WriteAsync(witnesses, cancellationToken);

    /// <summary>Zeroes the keys. The file stays.</summary>
    public ValueTask DisposeAsync()
    {
        if (!_disposed)
        {
            _disposed = true;
            _keys.Zero();
            _protection?.Dispose();
            _witnesses.Dispose();
            _changing.Dispose();
        }

        return ValueTask.CompletedTask;
    }

    private static void Check(FileKeyringOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentException.ThrowIfNullOrEmpty(options.Path);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.PassphraseIterations, PassphraseKey.IterationsMin);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.PassphraseIterations, PassphraseKey.IterationsMax);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Passphrase.Length, PassphraseSource.SizeMax);
        if (options.PassphraseFile is not null && !options.Passphrase.IsEmpty)
        {
            throw new ArgumentException("Give a passphrase or a passphrase file, not both.", nameof(options));
        }
    }

    // Replacing a link would leave its target, the real keyring, behind.
    private static string FollowLinks(string path)
    {
        try
        {
            return File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw KeyringErrors.Missing(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw KeyringErrors.Unreadable(path, e);
        }
    }

    private static async ValueTask<byte[]> LoadAsync(string path, CancellationToken cancellationToken) =>
        await PrivateFile.ReadAsync(path, KeyringFile.SizeMax, cancellationToken).ConfigureAwait(false)
        ?? throw KeyringErrors.Missing(path);

    private static async ValueTask StoreAsync(
        string path, MasterKeySet keys, PassphraseKey? protection, CancellationToken cancellationToken)
    {
        var file = KeyringFile.Encode(keys, protection, SystemEntropy.Draw(KeyringFile.SealSaltSize));
        try
        {
            await PrivateFile.ReplaceAsync(path, file, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(file);
        }
    }

    private static MasterKeyInfo Describe(MasterKey key, bool isCurrent) => new(key.Id.ToString(), key.CreatedAt, isCurrent);

    private MasterKey CurrentKey() => Keys.Current;

    private async ValueTask<MasterKey> FindKeyAsync(MasterKeyId id, CancellationToken cancellationToken)
    {
        if (Keys.Find(id) is { } known)
        {
            return known;
        }

        await _changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await ReloadAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _changing.Release();
        }

        return Keys.Find(id) ?? throw KeyringErrors.UnknownMasterKey(id, $"the keyring '{_path}'");
    }

    private async ValueTask ReloadAsync(CancellationToken cancellationToken)
    {
        var file = await LoadAsync(_path, cancellationToken).ConfigureAwait(false);
        try
        {
            if (!KeyringFile.ReadProtection(file, _path).Matches(_protection))
            {
                throw KeyringErrors.PassphraseChanged(_path);
            }

            Volatile.Write(ref _keys, _keys.Adopt(KeyringFile.Decode(file, _protection, _path)));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(file);
        }
    }
}
