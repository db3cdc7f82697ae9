using Kyberium.Engine.Journal;

namespace Kyberium.Engine.Sqlite.Tests;

/// <summary>
/// Goal: when a data key dies, nothing of its wrapped bytes is left in the store's files, so that old copies of what lay under it no longer
/// open. Method: an engine over a real file whose wall clock is moved past the key's age; the files are searched for the old row's bytes.
/// </summary>
public sealed class DataKeyRemainsTests : IDisposable
{
    private static readonly ShardId Shard = new(ShardId.DefaultGroup, 0);

    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task The_wrapped_bytes_of_a_dead_key_are_in_no_file_of_the_store()
    {
        var timely = new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;
        var time = new MovedTime();
        var options = new EngineOptions();
        options.Shard.Count = 1;
        SqliteJournal journal = null!;
        await using var engine = await SessionEngine.StartAsync(options, new EngineParts
        {
            OpenJournal = async (_, _) => journal = await _directory.OpenAsync(),
            OpenKeyring = (_, _) => Task.FromResult<IKeyring>(new InMemoryKeyring()),
            TimeProvider = time,
        }, timely);
        await using var other = await SessionEngine.StartAsync(new EngineOptions(), new EngineParts
        {
            OpenJournal = (_, _) => Task.FromResult<IJournal>(new InMemoryJournal()),
            OpenKeyring = (_, _) => Task.FromResult<IKeyring>(new InMemoryKeyring()),
        }, timely);
        var stranger = await other.CreateIdentityAsync(IdentityName.Default, cancellationToken: timely);
        await engine.CreateIdentityAsync(IdentityName.Default, cancellationToken: timely);
        await engine.AddPeerAsync(new NewPeer { Peer = new PeerId("peer"), PublicDocument = stranger.PublicDocument, Addresses = [] }, cancellationToken: timely);
        await engine.CheckpointAsync(timely);
        var old = await WrappedAsync(journal, 1);
        Assert.True(Holds(old), "the key lies in the files while it lives: else the search below proves nothing");

        time.Move(TimeSpan.FromHours(25));
        while (await journal.ReadRowAsync(Shard, DataKeyRow.KeyOf(1), timely) is not null)
        {
            await engine.CheckpointAsync(timely);
        }

        // The writer wipes its log as soon as it has nothing else to do.
        while (Holds(old))
        {
            timely.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.True(Holds(await WrappedAsync(journal, 2)));
        await engine.GetPeerAsync(new PeerId("peer"), cancellationToken: timely);
    }

    public void Dispose() => _directory.Dispose();

    private static async Task<byte[]> WrappedAsync(SqliteJournal journal, uint number)
    {
        var key = DataKeyRow.KeyOf(number);
        var row = await journal.ReadRowAsync(Shard, key);
        Assert.Equal(FrameFault.None, DataKeyRow.Parse(key, row!.Value, out _, out var parsed));
        return parsed.Wrapped.ToArray();
    }

    private bool Holds(byte[] bytes) => _directory.JournalFiles.Any(file =>
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var content = new byte[stream.Length];
        var read = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return content.AsSpan(0, read).IndexOf(bytes) >= 0;
    });

    /// <summary>The system's clock, with a wall clock that can be moved ahead.</summary>
    private sealed class MovedTime : TimeProvider
    {
        private long _aheadTicks;

        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + TimeSpan.FromTicks(Volatile.Read(ref _aheadTicks));

        internal void Move(TimeSpan by) => Interlocked.Add(ref _aheadTicks, by.Ticks);
    }
}
