using Kyberium.Engine.Audit;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.SelfTest;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Forwarding;
using Kyberium.Engine.Identities;
using Kyberium.Engine.Links;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Settings;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Templates;
using Microsoft.Extensions.Logging;

namespace Kyberium.Engine;

/// <summary>Runs post-quantum sessions in this process: sharded, journaled, recoverable.</summary>
/// <remarks>
/// One engine owns one data directory. <c>StartAsync</c> runs the cryptographic self-tests, opens keyring and journal,
/// recovers every shard and only then returns, so no caller sees a half-recovered engine. Thread-safe. Disposal finishes what
/// was accepted, writes a last checkpoint and releases the data directory.
/// </remarks>
public sealed partial class SessionEngine : IAsyncDisposable, IPeerLinkReceiver
{
    private const int Stopped = 2;

    // Once in a process: what was checked is the code and the processor, and both stay. A failure is kept and refuses every engine.
    private static readonly Lazy<bool> SelfTested = new(static () =>
    {
        CryptographicSelfTest.Run();
        AeadCrossCheck.Run(AeadProvider.IntrinsicWidths, SystemEntropy.Instance, AeadCrossCheck.CountAtStart);
        return true;
    });

    private readonly EngineSettings _settings;
    private readonly EngineParts _parts;
    private readonly EngineScheduler _scheduler;
    private readonly IJournal _journal;
    private readonly IKeyring _keyring;
    private readonly IStoreWitness? _witness;
    private readonly StartCheck _found;
    private readonly DirectorySeat _directory;
    private readonly EphemeralKeyPool _ephemeralKeys;
    private readonly TemplateStore _templates;
    private readonly AeadProviders _aead;
    private readonly LinkOutlet _outlet;
    private readonly Inbox _inbox;
    private readonly OutboxRoom _outboxRoom;
    private readonly AuditTrail _audit;
    private readonly HandshakeGate _gate;
    private readonly ILogger _logger;
    private readonly EngineMeter _meter;
    private readonly InFlight _accepting;
    private readonly IPlacement _placement;
    private readonly ClusterParts? _cluster;
    private readonly OperationIds _operations;
    private readonly RequestRouter? _router;        // null: alone with the store, so that every call stays here
    private NodeRequestHandler? _serving;
    private ShardEnvironment _environment = null!;
    private ShardSet _shards = null!;
    private readonly TaskCompletionSource _stopped;
    private int _disposing;
    private int _stopping;

    private SessionEngine(
        EngineSettings settings, EngineParts parts, EngineScheduler scheduler, IEntropySource entropy, IJournal journal,
        IKeyring keyring, IStoreWitness? witness, StartCheck found, ClusterParts? cluster, DirectorySeat directory, KemPrivateKeys privateKeys, TemplateStore templates,
        AeadProviders aead)
    {
        _settings = settings;
        _parts = parts;
        _scheduler = scheduler;
        _journal = journal;
        _keyring = keyring;
        (_witness, _found) = (witness, found);
        _directory = directory;
        _templates = templates;
        _aead = aead;
        _cluster = cluster;
        _operations = new OperationIds(entropy);
        _placement = cluster?.Placement ?? parts.Placement ?? new SingleNodePlacement(new NodeId("self"), [new ShardGroup(ShardId.DefaultGroup, settings.Shard.Count)]);
        _logger = parts.LoggerFactory.CreateLogger<SessionEngine>();
        _ephemeralKeys = new EphemeralKeyPool(scheduler, entropy, privateKeys, settings.Handshake.EphemeralPoolCount);
        _outlet = new LinkOutlet(scheduler, settings.Links, [.. parts.PeerLinks]);
        _inbox = new Inbox(scheduler);
        _outboxRoom = new OutboxRoom(scheduler);
        _audit = new AuditTrail(
            scheduler, parts.AuditSink,
            e => EngineLog.Audit(_logger, e.Kind, e.Identity, e.Peer, e.Actor, e.Correlation, e.Detail),
            failure => EngineLog.AuditSinkFailed(_logger, failure),
            shard => EngineLog.AuditBacklogFull(_logger, shard.ToString(), AuditBacklog.CountMax));
        _gate = new HandshakeGate(
            scheduler, settings.Handshake, entropy, (open, openMax) => EngineLog.CookiesDemanded(_logger, open, openMax));
        _accepting = new InFlight(scheduler);
        _stopped = new TaskCompletionSource(scheduler.Completion);
        _meter = new EngineMeter(this);
        _router = cluster is null ? null : new RequestRouter(_placement, cluster.Links, scheduler, _operations, CallPatience);
    }

    /// <summary>Gets a line for people that says what the journal is and where it lies.</summary>
    public string JournalDescription => _journal.Description;

    /// <summary>Gets a line for people that says what the keyring is and where it lies. Never a key.</summary>
    public string KeyringDescription => _keyring.Description;

    /// <summary>Validates <paramref name="options"/>, recovers every shard and starts serving.</summary>
    /// <param name="options">Read once; later changes have no effect.</param>
    /// <param name="parts">The journal, links and other code the engine is built from.</param>
    /// <exception cref="EngineException">
    /// <see cref="EngineErrorCode.OptionsInvalid"/>, every problem listed; <see cref="EngineErrorCode.SelfTestFailed"/>;
    /// <see cref="EngineErrorCode.ProviderUnavailable"/>; what opening the journal and the keyring gives; <see cref="EngineErrorCode.StoreRolledBack"/>;
    /// <see cref="EngineErrorCode.JournalCorrupt"/>.
    /// </exception>
    public static Task<SessionEngine> StartAsync(
        EngineOptions options, EngineParts parts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(parts);
        return StartAsync(
            options, parts, new ThreadPoolScheduler(parts.TimeProvider), SystemEntropy.Instance, handshakes: null, acceptRestored: false,
            cancellationToken);
    }

    /// <summary>Goes on from a restored or cloned data directory: every session ends and every delivery stream starts anew, so
    /// that nothing of the newer copy is repeated. Messages that were open in this copy are sent again.</summary>
    /// <remarks>Run this once, when the newer copy is lost for good; the peers' operators may have to reset their side.</remarks>
    public static Task<SessionEngine> StartFromRestoredAsync(
        EngineOptions options, EngineParts parts, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(parts);
        return StartAsync(
            options, parts, new ThreadPoolScheduler(parts.TimeProvider), SystemEntropy.Instance, handshakes: null, acceptRestored: true,
            cancellationToken);
    }

    /// <summary>Stops: accepts no more, finishes what was accepted, writes a last checkpoint, releases the data directory. A node of a cluster hands its
    /// shards on before.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.CompareExchange(ref _disposing, 1, 0) != 0)
        {
            await _stopped.Task.ConfigureAwait(false);      // whoever stops it a second time waits for the first
            return;
        }

        await LeaveAsync().ConfigureAwait(false);
        Interlocked.CompareExchange(ref _stopping, 1, 0);
        _outboxRoom.Close();        // who waits for room is told that the engine stops
        try
        {
            await StopLinksAsync().ConfigureAwait(false);
            await _accepting.CloseAsync().ConfigureAwait(false);
            await _shards.StopAsync().ConfigureAwait(false);
        }
        finally
        {
            _inbox.Complete();
            await ReleaseAsync().ConfigureAwait(false);
            Volatile.Write(ref _stopping, Stopped);
            _stopped.TrySetResult();
        }

        EngineLog.Stopped(_logger);
    }

    internal static async Task<SessionEngine> StartAsync(
        EngineOptions options, EngineParts parts, EngineScheduler scheduler, IEntropySource entropy,
        Sessions.Handshake.IHandshakeProvider? handshakes, bool acceptRestored, CancellationToken cancellationToken)
    {
        var settings = options.ToSettings();        // parsed once; nothing below sees EngineOptions
        var began = scheduler.MonotonicMillis;
        RunSelfTest();
        var privateKeys = PrivateKeysOf(settings.Cryptography, parts.PlatformLattice);
        if (parts.OpenJournal is not { } openJournal)
        {
            throw OptionsErrors.PartMissing(nameof(EngineParts) + '.' + nameof(EngineParts.OpenJournal), "call UseSqlite(), or give a journal of your own");
        }

        // Before anything is opened, unless whoever names the folders has to be opened for that.
        var isFound = string.IsNullOrEmpty(settings.Templates.Directory) && parts.FindTemplates is not null;
        var templates = isFound ? null : TemplateStore.Load(settings.Templates.Directory);
        var aead = templates is null ? null : ChooseAead(settings, templates);
        if (parts.OpenCluster is not null && acceptRestored)
        {
            throw ForwardingErrors.RestoreInCluster();
        }

        if (parts.OpenCluster is not null && parts.PeerLinks.Any(static link => link.Collects))
        {
            throw ForwardingErrors.LinksCollect();
        }

        var keyring = await parts.OpenKeyring(options, cancellationToken).ConfigureAwait(false);
        ClusterParts? cluster = null;
        IJournal? journal = null;
        IStoreWitness? witness = null;
        DirectorySeat? directory = null;
        SessionEngine engine;
        try
        {
            cluster = parts.OpenCluster is { } openCluster ? await openCluster(options, cancellationToken).ConfigureAwait(false) : null;
            templates ??= TemplateStore.LoadFound(await parts.FindTemplates!(options, cancellationToken).ConfigureAwait(false));
            aead ??= ChooseAead(settings, templates);
            journal = await openJournal(options, cancellationToken).ConfigureAwait(false);
            witness = parts.OpenWitness is { } openWitness ? await openWitness(options, cancellationToken).ConfigureAwait(false) : null;
            var found = await StartCheck.RunAsync(journal, keyring, witness, acceptRestored, cancellationToken).ConfigureAwait(false);
            if (found.ShardCount != 0 && found.ShardCount != settings.Shard.Count)
            {
                throw EngineErrors.ShardCountFixed(settings.Shard.Count, found.ShardCount);
            }

            directory = await DirectorySeat.OpenAsync(
                new DirectoryParts(journal, keyring, scheduler, entropy, privateKeys)
                {
                    DataKeyAge = settings.Journal.DataKeyAge, ShardCount = settings.Shard.Count, IsShared = cluster is not null,
                },
                cluster?.Placement, cancellationToken).ConfigureAwait(false);
            engine = new SessionEngine(settings, parts, scheduler, entropy, journal, keyring, witness, found, cluster, directory, privateKeys, templates, aead);
        }
        catch
        {
            if (directory is not null)
            {
                await directory.DisposeAsync().ConfigureAwait(false);
            }

            if (witness is not null)
            {
                await witness.DisposeAsync().ConfigureAwait(false);
            }

            if (cluster is not null)
            {
                await cluster.Links.DisposeAsync().ConfigureAwait(false);
                await cluster.Placement.DisposeAsync().ConfigureAwait(false);
            }

            if (journal is not null)
            {
                await journal.DisposeAsync().ConfigureAwait(false);
            }

            await keyring.DisposeAsync().ConfigureAwait(false);
            throw;
        }

        try
        {
            await engine.RecoverAsync(entropy, handshakes, acceptRestored, began, cancellationToken).ConfigureAwait(false);
            return engine;
        }
        catch
        {
            Interlocked.Exchange(ref engine._stopping, 1);      // links that were started may be handing envelopes in
            await engine.StopLinksAsync().ConfigureAwait(false);
            await engine._accepting.CloseAsync().ConfigureAwait(false);
            await engine.ReleaseAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static AeadProviders ChooseAead(EngineSettings settings, TemplateStore templates)
    {
        _ = templates.Get(settings.Templates.DefaultId);        // refuses to start without it
        return ChooseAead(settings.Cryptography, templates, AeadProvider.Intrinsics);
    }

    /// <exception cref="EngineException"><see cref="EngineErrorCode.ProviderUnavailable"/>.</exception>
    internal static AeadProviders ChooseAead(CryptographySettings settings, TemplateStore templates, AeadProvider? intrinsics)
    {
        var demandedBy = settings.AeadProvider == AeadProviderChoice.Intrinsics
            ? "kyberium.engine.cryptography.aead-provider"
            : templates.All.Where(template => template.Policy.AeadProvider == AeadProviderChoice.Intrinsics)
                .Select(template => $"the template '{template.Ref.Id}'").FirstOrDefault();
        return intrinsics is null && demandedBy is not null
            ? throw EngineErrors.AeadUnavailable(demandedBy)
            : new AeadProviders(settings.AeadProvider, intrinsics);
    }

    private static void RunSelfTest()
    {
        try
        {
            _ = SelfTested.Value;
        }
        catch (SelfTestFailedException failure)
        {
            throw EngineErrors.SelfTestFailed(failure);
        }
    }

    /// <summary>Chooses who holds private keys. What the system gives is checked each time: a library may be replaced between two starts.</summary>
    private static KemPrivateKeys PrivateKeysOf(CryptographySettings settings, PlatformLattice platform)
    {
        if (settings.MlKemProvider == CryptographySettings.Managed)
        {
            return KemPrivateKeys.Managed;
        }

        try
        {
            var keys = KemPrivateKeys.Of(platform);
            CryptographicSelfTest.Run(KnownAnswers.Kems(keys));
            return keys;
        }
        catch (PlatformKemUnavailableException missing)
        {
            throw EngineErrors.PlatformMlKemMissing(missing);
        }
        catch (SelfTestFailedException failure)
        {
            throw EngineErrors.SelfTestFailed(failure);
        }
    }

    private async Task RecoverAsync(
        IEntropySource entropy, Sessions.Handshake.IHandshakeProvider? handshakes, bool acceptRestored, long began,
        CancellationToken cancellationToken)
    {
        using var activity = EngineActivities.Recovery();
        if (acceptRestored)
        {
            await _directory.Owned.BeginGenerationAsync(_found.GenerationRemembered).ConfigureAwait(false);
        }

        _environment = new ShardEnvironment
        {
            Settings = _settings,
            Journal = _journal,
            Keyring = _keyring,
            Scheduler = _scheduler,
            Entropy = entropy,
            Operations = _operations,
            Lookup = new ShardLookup(_settings.Shard.Count),
            Identities = _directory.Identities,
            EphemeralKeys = _ephemeralKeys,
            Versions = _parts.Versions,
            Outlet = _outlet,
            Inbox = _inbox,
            Audit = _audit,
            HandshakeCompleted = _gate.Complete,
            OutboxRoom = _outboxRoom,
            Generation = _directory.Generation,
            Keyed = new KeyedTraffic(_settings.Residency.KeyedAeadMax),
            Aead = _aead,
            Witnesses = _found.Witnesses,
            Witness = _witness,
            Logger = _logger,
        };
        _shards = await ShardSet.StartAsync(
            _environment, _placement, handshakes, (shard, reason) => EngineLog.ShardEnded(_logger, shard.ToString(), reason.Message, reason),
            order => _directory.Take(order), cancellationToken).ConfigureAwait(false);
        _directory.Start(_audit, _logger);
        if (_cluster is not null)
        {
            await _cluster.Links.StartAsync(_serving = new NodeRequestHandler(this), cancellationToken).ConfigureAwait(false);
        }

        foreach (var suite in _directory.Identities.List().SelectMany(identity => identity.Suites).Distinct())
        {
            _ephemeralKeys.Prewarm(Wire.SuiteKems.Of(suite));
        }

        foreach (var link in _parts.PeerLinks)
        {
            await link.StartAsync(this, cancellationToken).ConfigureAwait(false);
        }

        await StartCollectingAsync(cancellationToken).ConfigureAwait(false);
        EngineLog.AeadChosen(_logger, _aead.Default.Name);
        if (_aead.HasFallenBack)
        {
            EngineLog.AeadFellBack(_logger);
        }

        activity?.SetTag("kyberium.shards", _shards.Count)
            .SetTag("kyberium.recovery.facts", _shards.Running.Sum(shard => shard.RecoveredFacts));
        EngineLog.Ready(
            _logger, _scheduler.MonotonicMillis - began, _shards.Count, _shards.Running.Sum(shard => shard.RecoveredFacts),
            _journal.Description, _keyring.Description);
    }

    /// <summary>Stops every link, also when one of them fails at it: what it holds is its own, and the others' ports are not.</summary>
    private async Task StopLinksAsync()
    {
        _outlet.Returns.Close();
        if (_outlet.Collector is { } collector)
        {
            await collector.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var link in _parts.PeerLinks)
        {
            try
            {
                await link.DisposeAsync().ConfigureAwait(false);
            }
            catch (Exception failure) when (failure is not OutOfMemoryException)
            {
                EngineLog.LinkNotStopped(_logger, failure);
            }
        }
    }

    /// <summary>Closes the audit sink. What was not handed on stays in the journal; the store's lock is released whatever it says.</summary>
    private async Task CloseSinkAsync()
    {
        try
        {
            if (_parts.AuditSink is { } sink)
            {
                await sink.DisposeAsync().ConfigureAwait(false);
            }
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            EngineLog.AuditSinkNotClosed(_logger, failure);
        }
    }

    private async Task ReleaseAsync()
    {
        Interlocked.CompareExchange(ref _stopping, 1, 0);
        if (_shards is not null)
        {
            await _shards.DisposeAsync().ConfigureAwait(false);
        }

        if (_witness is not null)
        {
            await _witness.DisposeAsync().ConfigureAwait(false);        // after the last checkpoint, before the node's certificate goes
        }

        if (_cluster is not null)
        {
            await _cluster.Links.DisposeAsync().ConfigureAwait(false);
        }

        await _directory.DisposeAsync().ConfigureAwait(false);
        await _placement.DisposeAsync().ConfigureAwait(false);
        await _audit.DisposeAsync().ConfigureAwait(false);
        await CloseSinkAsync().ConfigureAwait(false);
        await _outlet.DisposeAsync().ConfigureAwait(false);
        _ephemeralKeys.Dispose();
        _gate.Dispose();
        _meter.Dispose();
        await _journal.DisposeAsync().ConfigureAwait(false);
        await _keyring.DisposeAsync().ConfigureAwait(false);
    }

    private void ThrowIfStopping()
    {
        switch (Volatile.Read(ref _stopping))
        {
            case 0:
                return;
            case Stopped:
                throw EngineErrors.Stopped();
            default:
                throw EngineErrors.Stopping();
        }
    }

    /// <summary>Gives a command to a peer's shard, which is here, and waits for the reply.</summary>
    private async Task<PeerReply> AskHereAsync(PeerKey peer, PeerCommand command, CallerContext caller, CancellationToken cancellationToken)
    {
        var reply = await TryHereAsync(peer, command, caller, cancellationToken).ConfigureAwait(false);
        return reply.Error is { } code ? throw EngineErrors.Refused(code, peer) : reply;
    }

    /// <summary>The same; a refusal of the peer's machine is in the reply.</summary>
    private async Task<PeerReply> TryHereAsync(PeerKey peer, PeerCommand command, CallerContext caller, CancellationToken cancellationToken)
    {
        ThrowIfStopping();
        caller.Check();
        await ThrowIfNoSuiteAsync(peer, command, cancellationToken).ConfigureAwait(false);
        var work = command switch
        {
            PeerCommand.Handled handled => new SettleMessageWork(peer, handled.Stream, handled.Number, command, caller, _scheduler.Completion),
            PeerCommand.DropSetAside dropped => new SettleMessageWork(peer, dropped.Stream, dropped.Number, command, caller, _scheduler.Completion),
            _ => new PeerWork(peer, command, caller, _scheduler.Completion, cancellationToken),
        };
        await _shards.Of(peer).EnqueueAsync(work, cancellationToken).ConfigureAwait(false);
        // Cancelling from here on only stops the waiting: what was staged is done.
        return await work.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<T> LookAsync<T>(PeerKey peer, Func<ResidentPeer, T> look, CancellationToken cancellationToken)
    {
        ThrowIfStopping();
        var query = new PeerQuery<T>(peer, look, _scheduler.Completion);
        await _shards.Of(peer).EnqueueAsync(query, cancellationToken).ConfigureAwait(false);
        return await query.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }
}
