using Kyberium.Engine;
using Kyberium.Simulation.Checkers;
using Kyberium.Simulation.Disk;
using Kyberium.Simulation.Network;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Nodes;

/// <summary>A machine: its disk, keyring and wall clock outlive the processes that run an engine on it, one after another.</summary>
internal sealed partial class SimulatedNode(
    SimulatedWorld world, Scenario scenario, SimulatedNetwork network, FrameChecker frames, NodeParts parts, string name)
{
    private readonly SeededChoices _choices = SeededChoices.For(world.Seed, "node " + name);
    private SimulatedKeyring _keyring = new(SeededChoices.For(world.Seed, "keyring " + name));
    private int _processes;
    private long _wallOffset;
    private readonly int _driftPpm = scenario.Has(Faults.Drift) ? SeededChoices.For(world.Seed, "drift " + name).Pick([0, 0, 30, -200, 20_000, -50_000]) : 0;
    private long _slowUntil;
    private readonly List<(long Length, int Process)> _copies = [];
    private int _checkpointedBy;
    private byte[]? _newerStore;
    private SimulatedPlacement? _placement;

    internal string Name { get; } = name;

    internal PeerId PeerId { get; } = new(name);

    internal VirtualDisk Disk { get; } = new();

    internal ReadOnlySpan<byte> MasterKey => _keyring.Secret;

    /// <summary>Gets or sets whether flushes may fail.</summary>
    internal bool IsFaulty { get; set; }

    internal SimulatedProcess? Process { get; private set; }

    /// <summary>Gets the engine while it serves.</summary>
    internal SessionEngine? Engine { get; private set; }

    internal bool IsUp => Engine is not null && Process is { IsAlive: true };

    /// <summary>Gets or sets what runs on a started engine.</summary>
    internal Action<SimulatedNode, SimulatedProcess, SessionEngine> Started { get; set; } = (_, _, _) => { };

    internal int Processes => _processes;

    internal int Crashes { get; private set; }

    /// <summary>Moves the wall clock by some time, within three days of the truth.</summary>
    internal void SetClock(long micros)
    {
        const long Most = 3L * 24 * 3_600 * 1_000_000;
        _wallOffset = Math.Clamp(_wallOffset + micros, -Most, Most);
        _clockSettings.Add((world.Now, _wallOffset));
        world.Note(Name, $"wall clock off by {_wallOffset / 1_000_000} s");
    }

    /// <summary>Lets the wall clock gain or lose as much as the other clock does, until the trouble ends.</summary>
    internal void Drift()
    {
        if (IsFaulty && _driftPpm != 0)
        {
            SetClock(_driftPpm);
            world.After(null, 1_000_000, Drift);
        }
    }

    /// <summary>Orders one of the process's shards away for a while.</summary>
    internal void MoveShard(long awayMicros)
    {
        if (IsUp)
        {
            _placement!.Move(_choices.Below(scenario.Shards), awayMicros);
        }
    }

    /// <summary>Ends the process's lease; it is told a while later, and gets another a while after that.</summary>
    internal void LoseLease(long toldMicros, long awayMicros)
    {
        if (IsUp)
        {
            _placement!.LoseLease(toldMicros, awayMicros);
        }
    }

    /// <summary>Lets the disk take very long for everything, for a while.</summary>
    internal void SlowDisk(long micros)
    {
        _slowUntil = world.Now + micros;
        world.Note(Name, "its disk is slow");
    }

    /// <summary>Gets by which factor the disk is slower now than it was drawn.</summary>
    internal int DiskSlowness => IsFaulty && world.Now < _slowUntil ? 30 : 1;

    internal void Start()
    {
        var process = new SimulatedProcess(
            world, $"{Name}/{++_processes}", () => _wallOffset, _choices.Chance(0.5) ? _choices.Between(0, 1L << 40) - world.Now : 0, _driftPpm, parts.WrapTime);
        process.Explains = failure => FindsDamage(process, failure) || IsDeposed(process, failure);
        process.Versions = DrawVersions();
        Process = process;
        Engine = null;
        world.Post(process, () => _ = StartAsync(process));
    }

    /// <summary>The witnesses in the keyring name this process's fences from now on.</summary>
    internal void Checkpointed(SimulatedProcess process)
    {
        if (process == Process && _placement is { IsSteady: true, HasLostLease: false })
        {
            _checkpointedBy = _processes;
            _goesOnFromOlder = false;
        }
    }

    /// <summary>Crashes, and comes back over a copy of its disk from an earlier process; the keyring knows that a later one went on from it.</summary>
    internal void CrashOntoOlderStore()
    {
        var older = _copies.Where(copy => copy.Process < _checkpointedBy).ToList();
        if (older.Count > 0 && _newerStore is null && !IsDamaged && Process is { IsAlive: true } process)
        {
            var copy = _choices.Pick(older);
            process.KillAfter(0, () =>
            {
                Crashed();
                _newerStore = Disk.GoBackTo(copy.Length);
                world.Note(Name, $"its disk is a copy from process {copy.Process}, of {copy.Length} bytes");
            });
        }
    }

    /// <summary>Ends the process before one of the next things it does, wherever that is.</summary>
    internal void CrashWithin(long effects)
    {
        if (Process is { IsAlive: true } process)
        {
            process.KillAfter(_choices.Between(0, effects), Crashed);
        }
    }

    /// <summary>Stops the engine as its owner would, and starts the next one.</summary>
    internal void Restart()
    {
        if (Process is { IsAlive: true } process && Engine is { } engine)
        {
            Engine = null;
            world.Note(Name, "stops");
            world.Post(process, () => _ = StopAsync(process, engine));
        }
    }

    private async Task StartAsync(SimulatedProcess process)
    {
        try
        {
            var choices = parts.EntropyOf(Name, _processes);
            var engine = await SessionEngine.StartAsync(
                Options(), Parts(process), process, parts.WrapEntropy(new SeededEntropy(choices, frames.Drawn)), handshakes: null, acceptRestored: TakeAcceptance(), default)
                .ConfigureAwait(false);
            if (process.IsAlive)
            {
                if (_newerStore is not null)
                {
                    world.Violate("promise 2", $"{process.Name} went on from an older copy of its store, though its keyring knows better");
                }

                Engine = engine;
                _copies.Add((Disk.Written.Length, _processes));
                world.Note(process.Name, "ready");
                Started(this, process, engine);
                EndVersionSkew();       // the trouble may have ended while it started
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            if (!process.IsAlive)
            {
                return;
            }

            if (exception is EngineException { Code: EngineErrorCode.StoreRolledBack } && AcceptsOlder())
            {
                world.Note(process.Name, "refuses to go on from an older store; its operator will accept it");
                process.Exit();
                world.After(null, _choices.Between(1, scenario.RestartMicrosMax), Start);
            }
            else if (_newerStore is { } newer && exception is EngineException { Code: EngineErrorCode.StoreRolledBack })
            {
                world.Note(process.Name, "refuses to go on from an older store");
                process.Exit();
                Disk.PutBack(newer);
                _newerStore = null;
                world.After(null, _choices.Between(1, scenario.RestartMicrosMax), Start);
            }
            else if (IsDamaged && exception is EngineException { Code: EngineErrorCode.JournalCorrupt })
            {
                world.Note(process.Name, $"refuses damage: {exception.Message}");
                process.Exit();
                Repair();
                world.After(null, _choices.Between(1, scenario.RestartMicrosMax), Start);
            }
            else if (exception is EngineException { IsTransient: true } or EngineException { Code: EngineErrorCode.JournalUnavailable or EngineErrorCode.JournalFull })
            {
                world.Note(process.Name, $"did not start: {exception.Message}");
                process.Exit();
                world.After(null, _choices.Between(1, scenario.RestartMicrosMax), Start);
            }
            else
            {
                world.Violate("recovery", $"{process.Name} does not start: {exception}");
            }
        }
    }

    private async Task StopAsync(SimulatedProcess process, SessionEngine engine)
    {
        try
        {
            await engine.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            if (process.IsAlive && !process.Explains(exception))
            {
                world.Violate("promise 8", $"{process.Name} does not stop: {exception}");
            }
        }

        if (process.IsAlive)
        {
            Checkpointed(process);
            process.Exit();
            world.Note(process.Name, "stopped");
            world.After(null, _choices.Between(1_000, scenario.RestartMicrosMax), Start);
        }
    }

    private void Crashed()
    {
        Crashes++;
        Engine = null;
        _deposed?.Exit();       // it is the same machine
        _deposed = null;
        Disk.Crash(_choices, scenario.Has(Faults.LostWrites) && _choices.Chance(0.7));
        world.After(null, _choices.Between(1_000, scenario.RestartMicrosMax), Start);
    }

    private EngineOptions Options()
    {
        var options = new EngineOptions();
        options.Shard.Count = scenario.Shards;
        options.Shard.MailboxCountMax = scenario.MailboxCountMax;
        options.Shard.BatchCountMax = Math.Min(scenario.BatchCountMax, scenario.MailboxCountMax);
        options.Residency.ResidentPeersMax = scenario.ResidentPeersMax;
        options.Journal.CheckpointInterval = scenario.CheckpointInterval;
        options.Journal.SnapshotsPerCommitMax = scenario.SnapshotsPerCommitMax;
        options.Delivery.InFlightCountMax = scenario.InFlightCountMax;
        options.Delivery.EarlyCountMax = scenario.EarlyCountMax;
        options.Handshake.EphemeralPoolCount = 1;
        options.Templates.Directory = parts.TemplateDirectory;
        options.Templates.DefaultId = "simulation";
        return options;
    }

    private EngineParts Parts(SimulatedProcess process)
    {
        var engineParts = new EngineParts
        {
            OpenJournal = (_, _) => Task.FromResult(
                parts.WrapJournal(LogJournal.Open(
                    Disk, new NodeDisk(world, scenario, frames, this, process, _choices), System.Text.Encoding.ASCII.GetBytes($"{Name} {_stores}".PadRight(16))))),
            OpenKeyring = (_, _) => Task.FromResult<IKeyring>(new NodeKeyring(
                parts.WrapKeyring(_keyring), world, scenario, this, process, SeededChoices.For(world.Seed, "keyring of " + process.Name))),
            LoggerFactory = parts.WrapLog(new SimulatedLog(
                world, process, frames.Secrets, (line, reason) => ShardEnded(process, line, reason), () => DamageReported(process), line => Told(process, line))),
            TimeProvider = process.Time,
            Versions = parts.Announced(process.Versions),
            AuditSink = parts.WrapSink(new SimulatedSink(world, process, this, Audit, _choices)),
        };
        engineParts.Placement = _placement = new SimulatedPlacement(world, process, scenario.Shards);
        engineParts.PeerLinks.Add(parts.WrapLink(network.Connect(this, process)));
        return engineParts;
    }

    private void ShardEnded(SimulatedProcess process, string line, Exception reason)
    {
        // A commit that fails for good may end a shard, which then recovers; anything else that ends one is a defect.
        if (reason is not EngineException { Code: EngineErrorCode.JournalUnavailable or EngineErrorCode.JournalFull or EngineErrorCode.LeaseLost }
            && !process.Explains(reason))
        {
            world.Violate("no shard ends by a defect", $"{process.Name}: {line} {reason}");
        }
    }
}
