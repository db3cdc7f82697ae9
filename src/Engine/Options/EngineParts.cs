using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kyberium.Engine;

/// <summary>What an engine is built from, as far as it is code and not configuration.</summary>
public sealed class EngineParts
{
    /// <summary>Gets or sets what opens the journal: <c>UseSqlite()</c> of Kyberium.Engine.Sqlite, or one of your own.
    /// Required.</summary>
    public Func<EngineOptions, CancellationToken, Task<IJournal>>? OpenJournal { get; set; }

    /// <summary>Gets or sets what makes the engine a node of a cluster, opened before its journal: <c>JoinCluster()</c> of Kyberium.Engine.Cluster, or one
    /// of your own. Default: the engine is alone with its store.</summary>
    public Func<EngineOptions, CancellationToken, Task<ClusterParts>>? OpenCluster { get; set; }

    /// <summary>Gets or sets what names folders of further templates where <see cref="TemplatesOptions.Directory"/> names none, asked after the cluster is open:
    /// <c>JoinCluster()</c> has the Lighthouse's. Absolute paths. Default: nobody does.</summary>
    public Func<EngineOptions, CancellationToken, Task<IReadOnlyList<string>>>? FindTemplates { get; set; }

    /// <summary>Gets or sets what opens the keyring. Default: the file that <see cref="EngineOptions.Keyring"/> names.</summary>
    public Func<EngineOptions, CancellationToken, Task<IKeyring>> OpenKeyring { get; set; } = OpenFileKeyringAsync;

    /// <summary>Gets or sets what opens a second place that remembers how far each shard had come, opened after cluster and journal: <c>JoinCluster()</c> of
    /// Kyberium.Engine.Cluster has the Lighthouses do so. Default: the keyring alone does.</summary>
    public Func<EngineOptions, CancellationToken, Task<IStoreWitness>>? OpenWitness { get; set; }

    /// <summary>Gets the links that carry envelopes; the first that can reach an address is used for it. Without one, the
    /// application passes the bytes itself.</summary>
    public IList<IPeerLink> PeerLinks { get; } = [];

    /// <summary>Gets or sets where audit events go once they are durable. Default: the log.</summary>
    public IAuditSink? AuditSink { get; set; }

    /// <summary>Gets or sets where log messages go. Default: nowhere.</summary>
    public ILoggerFactory LoggerFactory { get; set; } = NullLoggerFactory.Instance;

    /// <summary>Gets or sets the clock.</summary>
#pragma warning disable RS0030 // The seam's default: whoever simulates gives another.
    public TimeProvider TimeProvider { get; set; } = TimeProvider.System;
#pragma warning restore RS0030

    /// <summary>Gets or sets what orders shards here, but for the directory, where there is no cluster. Default: all of them, for ever.</summary>
    internal IPlacement? Placement { get; set; }

    /// <summary>Gets or sets what the system's ML-KEM is taken from.</summary>
    internal Cryptography.PlatformLattice PlatformLattice { get; set; } = Cryptography.PlatformLattice.System;

    /// <summary>Gets or sets the protocol versions that handshakes announce.</summary>
    internal Wire.VersionRange Versions { get; set; } = Wire.VersionRange.Spoken;

    private static async Task<IKeyring> OpenFileKeyringAsync(EngineOptions options, CancellationToken cancellationToken)
    {
        if (options.Keyring.Path.Length == 0)
        {
            throw OptionsErrors.PartMissing("kyberium.engine.keyring.path", "name the keyring file, or set EngineParts.OpenKeyring");
        }

        return await FileKeyring.OpenAsync(
            new FileKeyringOptions
            {
                Path = options.Keyring.Path,
                PassphraseFile = options.Keyring.PassphraseFile.Length == 0 ? null : options.Keyring.PassphraseFile,
            },
            cancellationToken).ConfigureAwait(false);
    }
}
