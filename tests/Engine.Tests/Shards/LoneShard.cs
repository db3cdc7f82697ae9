using System.Text;
using Kyberium.Engine.Audit;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Identities;
using Kyberium.Engine.Links;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Settings;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Templates;
using Kyberium.Engine.Tests.Engine;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;
using FrozenPolicy = Kyberium.Engine.Sessions.FrozenPolicy;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>One shard by itself on the test's thread: the test says when its turns run, when time passes, and what its journal answers.</summary>
/// <remarks>Its peers have no sessions: nobody is there to answer a handshake.</remarks>
internal sealed class LoneShard : IAsyncDisposable
{
    internal static readonly ShardId Id = new(ShardId.DefaultGroup, 0);
    internal static readonly TimeSpan CheckpointInterval = TimeSpan.FromMinutes(5);

    private static readonly FrozenPolicy Policy = Frozen();
    private static readonly SuiteSet Suites = SuiteSet.Of(Suite.MLKem768P256, Suite.MLKem768);
    private static readonly Pin Pin = new(Fingerprint.Of("document"u8), "document"u8.ToArray(), Proved: true) { Suites = Suites };

    private readonly StepScheduler _scheduler;
    private readonly InMemoryKeyring _keyring = new();
    private readonly EngineOptions _options = new();
    private readonly bool _begins;
    private readonly Func<EngineSettings, EngineSettings> _change;

    private LoneShard(Action<EngineOptions>? configure, Func<EngineSettings, EngineSettings>? change, bool begins)
    {
        _begins = begins;
        _change = change ?? (static settings => settings);
        _scheduler = new StepScheduler(Time);
        _options.Shard.Count = 1;
        _options.Journal.CheckpointInterval = CheckpointInterval;
        configure?.Invoke(_options);
    }

    internal ManualTime Time { get; } = new();

    internal GatedJournal Journal { get; } = new();

    internal Trail Trail { get; } = new();

    internal ShardEnvironment Environment { get; private set; } = null!;

    internal Shard Shard { get; private set; } = null!;

    /// <param name="configure">Sets options.</param>
    /// <param name="change">Sets what options would not allow: small numbers show a bound as well as large ones.</param>
    /// <param name="begins">Whether handshakes begin; nobody answers them. Otherwise there is no suite for one.</param>
    internal static LoneShard Start(Action<EngineOptions>? configure = null, Func<EngineSettings, EngineSettings>? change = null, bool begins = false)
    {
        var lone = new LoneShard(configure, change, begins);
        lone.Recover();
        return lone;
    }

    /// <summary>Starts another owner over the same store, as after a crash: the one before is only fenced.</summary>
    internal void Recover(ShardWitness? witness = null, uint generation = 1)
    {
        Environment = new ShardEnvironment
        {
            Settings = _change(_options.ToSettings()),
            Journal = Journal,
            Keyring = _keyring,
            Scheduler = _scheduler,
            Entropy = SystemEntropy.Instance,
            Identities = new OneIdentity(_begins ? Suites : default),
            EphemeralKeys = new NoKeys(),
            Outlet = new Nowhere(),
            Inbox = new Unread(),
            Audit = Trail,
            OutboxRoom = new OutboxRoom(_scheduler),
            Operations = new OperationIds(SystemEntropy.Instance),
            Lookup = new ShardLookup(1),
            Keyed = new KeyedTraffic(64),
            Aead = new AeadProviders(AeadProviderChoice.Platform, null),
            Generation = generation,
        };
        Shard = Get(() => Shard.StartAsync(Environment, Id, witness, null, SymbolicHandshakes.Instance, CancellationToken.None));
    }

    /// <summary>Ends the shard cleanly and starts the next owner.</summary>
    internal void Restart()
    {
        Stop();
        Recover();
    }

    internal void Stop() => Get(async () =>
    {
        await Shard.StopAsync(ShardErrors.Stopping(Id)).ConfigureAwait(false);
        return true;
    });

    /// <summary>Runs what was posted, and what that posts, until nothing is left.</summary>
    internal void Run() => Alone(_scheduler.RunAll);

    internal void Advance(TimeSpan by) => Alone(() =>
    {
        Time.Advance(by);
        _scheduler.RunAll();
    });

    internal static PeerKey Key(string name) => new(IdentityName.Default, new PeerId(name));

    /// <summary>Gives work to the shard, and runs nothing.</summary>
    internal T Post<T>(T work)
        where T : ShardWork
    {
        Alone(() => Assert.True(Shard.EnqueueAsync(work, CancellationToken.None).AsTask().IsCompletedSuccessfully));
        return work;
    }

    internal Task<PeerReply> Do(string peer, PeerCommand command, CallerContext caller = default) =>
        Post(new PeerWork(Key(peer), command, caller, TaskCreationOptions.None)).Task;

    internal Task<PeerReply> AddLater(string peer) =>
        Do(peer, new PeerCommand.Add(Pin with { Document = Encoding.UTF8.GetBytes("document") }, Policy, ["memory://x"], Environment.Generation));

    internal Task<PeerReply> SendLater(string peer, string text, long? expiresInMillis = null) => Do(peer, new PeerCommand.Send(
        Guid.NewGuid(), false, MessageFlags.None,
        expiresInMillis is { } wait ? new UnixMillis(_scheduler.UnixMillis + wait) : PeerCommand.Send.Never, Encoding.UTF8.GetBytes(text)));

    internal void Add(params string[] peers)
    {
        foreach (var peer in peers)
        {
            var added = AddLater(peer);
            Run();
            Assert.Null(Done(added).Error);
        }
    }

    internal ulong Send(string peer, string text, long? expiresInMillis = null)
    {
        var sent = SendLater(peer, text, expiresInMillis);
        Run();
        return Done(sent).Number;
    }

    /// <summary>Looks at a peer in a turn, without running that.</summary>
    internal Task<T> LookLater<T>(string peer, Func<ResidentPeer, T> look) => Post(new LaterQuery<T>(Key(peer), look)).Task;

    internal T Look<T>(string peer, Func<ResidentPeer, T> look)
    {
        var seen = LookLater(peer, look);
        Run();
        return Done(seen);
    }

    /// <summary>Gives the texts in a peer's outbox.</summary>
    internal string[] Outbox(string peer) => Look(peer, static resident =>
    {
        var outgoing = resident.State.Outgoing;
        var texts = new List<string>();
        for (var number = outgoing.LowestUnacknowledged; number < outgoing.Next; number++)
        {
            texts.Add(Encoding.UTF8.GetString(outgoing[number].Payload.Span));
        }

        return texts.ToArray();
    });

    internal bool IsKnown(string peer)
    {
        var seen = LookLater(peer, static _ => true);
        Run();
        return seen.Exception?.InnerException is not EngineException { Code: EngineErrorCode.PeerUnknown } && Done(seen);
    }

    /// <summary>Counts the durable reports of a kind.</summary>
    internal int Reports(string kind) => Trail.Logged.Count(logged => logged.Kind == kind);

    internal bool IsResident(string peer) => Shard.FindResident(Key(peer)) is not null;

    internal Task CheckpointLater()
    {
        Task done = Task.CompletedTask;
        Alone(() => done = Shard.CheckpointAsync());
        return done;
    }

    internal void Checkpoint()
    {
        var done = CheckpointLater();
        Run();
        Assert.True(done.IsCompletedSuccessfully, $"{done.Exception}");
    }

    internal List<JournalRow> Rows(RowKind kind) => Get(() => Journal.Store.ReadRowsAsync(Id, kind, default).ToListAsync().AsTask());

    internal ShardExtent Extent() => Get(() => Journal.Store.ReadExtentAsync(Id).AsTask());

    internal IReadOnlyList<ShardWitness> Witnesses() => Get(() => _keyring.ReadWitnessesAsync(Journal.StoreId).AsTask());

    internal static T Done<T>(Task<T> task)
    {
        Assert.True(task.IsCompletedSuccessfully, $"{task.Status}: {task.Exception}");
        return task.Result;
    }

    internal static EngineErrorCode? CodeOf(Task task) => (task.Exception?.InnerException as EngineException)?.Code;

    /// <summary>Runs something of the engine's to its end here.</summary>
    internal T Get<T>(Func<Task<T>> act)
    {
        Task<T>? task = null;
        Alone(() =>
        {
            task = act();
            _scheduler.RunAll();
        });
        Assert.True(task!.IsCompleted, "it waits for something that nobody here gives it");
        return task.GetAwaiter().GetResult();
    }

    // Without the runner's context what was waiting goes on at once, on this thread.
    internal static void Alone(Action act)
    {
        var context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
        try
        {
            act();
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(context);
        }
    }

    public async ValueTask DisposeAsync()
    {
        (Journal.Gate, Journal.Answer, Journal.ReadGate) = (null, null, null);
        Get(async () =>
        {
            await Shard.DisposeAsync().ConfigureAwait(false);
            return true;
        });
        await _keyring.DisposeAsync();
    }

    private static FrozenPolicy Frozen()
    {
        var template = TemplateStore.Load(null).Get("default");
        return new FrozenPolicy(
            template.Ref.Id, template.Ref.Version, PolicyEncoding.Encode(new Kyberium.Engine.Templates.FrozenPolicy(template.Ref, template.Policy)));
    }

    /// <summary>A look that waits for its turn like everything else, instead of taking one on its caller's thread.</summary>
    private sealed class LaterQuery<T>(PeerKey peer, Func<ResidentPeer, T> look) : ShardWork
    {
        private readonly TaskCompletionSource<T> _done = new();
        private T _seen = default!;
        private bool _isUnknown;

        internal Task<T> Task => _done.Task;

        internal override PeerKey? Peer => peer;

        internal override void Stage(ShardTurn turn, ResidentPeer? peer)
        {
            _isUnknown = !peer!.State.Exists;
            _seen = _isUnknown ? default! : look(peer);
        }

        internal override void Complete()
        {
            if (_isUnknown)
            {
                _done.TrySetException(ShardErrors.PeerUnknown(peer));
            }
            else
            {
                _done.TrySetResult(_seen);
            }
        }

        internal override void Fail(EngineException reason) => _done.TrySetException(reason);
    }

    private sealed class OneIdentity(SuiteSet suites) : ILocalIdentities
    {
        private static readonly Fingerprint Local = Fingerprint.Of("local document"u8);

        public IReadOnlyList<Fingerprint> FingerprintsOf(IdentityName identity) => [Local];

        public KemDecapsulationKey? Find(Fingerprint identity, Suite suite) => null;

        public SuiteSet SuitesOf(Fingerprint identity) => suites;
    }

    private sealed class NoKeys : IEphemeralKeys
    {
        public KemDecapsulationKey Take(Kem kem) => throw new NotSupportedException("no handshake is computed here");
    }

    private sealed class Nowhere : IEnvelopeOutlet
    {
        public void Enqueue(PeerKey peer, IReadOnlyList<string> addresses, byte[] envelope, int length)
        {
        }

        public void Knock(PeerKey peer, IReadOnlyList<string> addresses, byte[] envelope)
        {
        }

        public void SendingChanged(PeerKey peer)
        {
        }
    }

    private sealed class Unread : IInboxSignal
    {
        public void Ready(Shard shard, ResidentPeer peer)
        {
        }
    }
}

/// <summary>An audit trail that only remembers what was logged.</summary>
internal sealed class Trail : IAuditTrail
{
    internal List<AuditEvent> Logged { get; } = [];

    public bool HasSink { get; set; }

    public void Durable(AuditEvent auditEvent, Action? handedOn = null) => Logged.Add(auditEvent);

    public void Log(AuditEvent auditEvent) => Logged.Add(auditEvent);

    public AuditBacklog? Open(LogPosition end, IEnumerable<(AuditEvent Event, bool HasRow)> left) => null;
}

/// <summary>Keeps what is posted until it is asked to run it, in that order, on the asker's thread.</summary>
internal sealed class StepScheduler(TimeProvider time) : EngineScheduler
{
    private const int RunMax = 100_000;

    private readonly Queue<(Action<object?> Work, object? State)> _posted = new();

    internal override TimeProvider Time { get; } = time;

    internal override TaskCreationOptions Completion => TaskCreationOptions.None;

    internal override void Post(Action<object?> work, object? state) => _posted.Enqueue((work, state));

    internal void RunAll()
    {
        for (var run = 0; _posted.TryDequeue(out var next); run++)
        {
            Assert.True(run < RunMax, "the shard finds work for ever");
            next.Work(next.State);
        }
    }
}

/// <summary>What waits until the test lets it go on, in the order it came and on the test's thread.</summary>
internal sealed class Held
{
    private readonly List<TaskCompletionSource> _waiting = [];
    private Task? _over;

    /// <summary>Gets a task for one who waits: of several who wait for one task, all but one would go on elsewhere.</summary>
    internal Task Task
    {
        get
        {
            if (_over is not null)
            {
                return _over;
            }

            _waiting.Add(new TaskCompletionSource());
            return _waiting[^1].Task;
        }
    }

    internal void SetResult() => Settle(Task.CompletedTask, static waiting => waiting.SetResult());

    internal void SetException(Exception failure) => Settle(Task.FromException(failure), waiting => waiting.SetException(failure));

    private void Settle(Task over, Action<TaskCompletionSource> settle)
    {
        _over = over;
        _waiting.ForEach(settle);
    }
}

/// <summary>A journal in memory whose commits and reads can be held and failed.</summary>
internal sealed class GatedJournal : IJournal
{
    internal InMemoryJournal Store { get; } = new();

    /// <summary>What a commit waits for before it is written, and fails with.</summary>
    internal Func<JournalCommit, Task>? Gate { get; set; }

    /// <summary>What the answer to a commit that was written waits for, and fails with.</summary>
    internal Func<JournalCommit, Task>? Answer { get; set; }

    /// <summary>What a read of a peer's rows waits for, and fails with.</summary>
    internal Func<Task>? ReadGate { get; set; }

    /// <summary>Changes what a row holds when it is read.</summary>
    internal Func<JournalRow, JournalRow>? OnRow { get; set; }

    /// <summary>Hears of each enumeration of rows, which fails with what this throws.</summary>
    internal Func<RowKind, bool>? OnRange { get; set; }

    internal List<JournalCommit> Commits { get; } = [];

    internal int PeersRead { get; private set; }

    internal long? Tail { get; set; }

    internal void ForgetReads() => PeersRead = 0;

    public ReadOnlyMemory<byte> StoreId => Store.StoreId;

    public string Description => "gated";

    public long TailBytes => Tail ?? Store.TailBytes;

    public async ValueTask CommitAsync(JournalCommit commit, CancellationToken cancellationToken = default)
    {
        Commits.Add(commit);
        await (Gate?.Invoke(commit) ?? Task.CompletedTask).ConfigureAwait(false);
        await Store.CommitAsync(commit, cancellationToken).ConfigureAwait(false);
        await (Answer?.Invoke(commit) ?? Task.CompletedTask).ConfigureAwait(false);
    }

    public async ValueTask<IReadOnlyList<JournalRow?>> ReadFirstRowsAsync(
        ShardId shard, IReadOnlyList<RowKey> prefixes, CancellationToken cancellationToken = default)
    {
        PeersRead++;
        await (ReadGate?.Invoke() ?? Task.CompletedTask).ConfigureAwait(false);
        var rows = await ((IJournal)Store).ReadFirstRowsAsync(shard, prefixes, cancellationToken).ConfigureAwait(false);
        return [.. rows.Select(row => row is { } read ? OnRow?.Invoke(read) ?? read : row)];
    }

    public ValueTask<ShardExtent> AcquireAsync(ShardId shard, CancellationToken cancellationToken = default) => Store.AcquireAsync(shard, cancellationToken);

    public ValueTask<ShardExtent> AcquireAsync(ShardId shard, Fence held, CancellationToken cancellationToken = default) =>
        Store.AcquireAsync(shard, held, cancellationToken);

    public ValueTask<ShardExtent> ReadExtentAsync(ShardId shard, CancellationToken cancellationToken = default) => Store.ReadExtentAsync(shard, cancellationToken);

    public IAsyncEnumerable<JournalRecord> ReadRecordsAsync(ShardId shard, LogPosition after, CancellationToken cancellationToken = default) =>
        Store.ReadRecordsAsync(shard, after, cancellationToken);

    public ValueTask<ReadOnlyMemory<byte>?> ReadRowAsync(ShardId shard, RowKey key, CancellationToken cancellationToken = default) =>
        Store.ReadRowAsync(shard, key, cancellationToken);

    public IAsyncEnumerable<JournalRow> ReadRowsAsync(ShardId shard, RowKind kind, ReadOnlyMemory<byte> prefix, CancellationToken cancellationToken = default)
    {
        OnRange?.Invoke(kind);
        return Store.ReadRowsAsync(shard, kind, prefix, cancellationToken);
    }

    public IAsyncEnumerable<ShardId> ReadShardsAsync(CancellationToken cancellationToken = default) => Store.ReadShardsAsync(cancellationToken);

    public ValueTask DisposeAsync() => Store.DisposeAsync();
}
