using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Identities;

/// <summary>Where the directory is, and what it is read and written with.</summary>
internal sealed record DirectoryParts(
    IJournal Journal, IKeyring Keyring, EngineScheduler Scheduler, IEntropySource Entropy, KemPrivateKeys PrivateKeys)
{
    /// <summary>Gets how old a data key grows before it is replaced.</summary>
    internal required TimeSpan DataKeyAge { get; init; }

    /// <summary>Gets how many shards a store that is just begun will have.</summary>
    internal required int ShardCount { get; init; }

    /// <summary>Gets whether another process may have owned the directory until just now, so that what it had begun may yet end.</summary>
    internal bool IsShared { get; init; }
}
