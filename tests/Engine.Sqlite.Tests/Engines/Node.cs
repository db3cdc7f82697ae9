using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace Kyberium.Engine.Sqlite.Tests.Engines;

/// <summary>An engine as it is run: a SQLite store and a keyring file in folders of its own, which outlive it.</summary>
internal sealed class Node : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly InMemoryNetwork _network;
    private readonly TemporaryDirectory _folder = new();
    private SessionEngine? _engine;

    internal Node(string name, InMemoryNetwork network, Action<EngineOptions>? configure = null, TimeProvider? time = null)
    {
        Name = name;
        _network = network;
        Configure = configure;
        Time = time ?? TimeProvider.System;
        DataDirectory = Path.Combine(_folder.Path, "data");
        KeyringPath = Path.Combine(_folder.Path, "keys", "keyring");
    }

    internal static CancellationToken Timely => new CancellationTokenSource(Patience).Token;

    internal string Name { get; }

    internal PeerId Id => new(Name);

    internal string Address => "memory://" + Name;

    internal TimeProvider Time { get; }

    internal Action<EngineOptions>? Configure { get; set; }

    internal string DataDirectory { get; set; }

    internal string KeyringPath { get; set; }

    internal string Folder => _folder.Path;

    /// <summary>Gets or sets the folders of templates that somebody else than the options names.</summary>
    internal string[]? TemplateFolders { get; set; }

    /// <summary>Gets or sets what remembers, beside the keyring, how far shards have come.</summary>
    internal IStoreWitness? Witness { get; set; }

    /// <summary>Gets or sets the size in pages at which the store counts as full; 0: the disk's own.</summary>
    internal long PagesMax { get; set; }

    /// <summary>Gets or sets whether an envelope of this node's reaches the network.</summary>
    internal Func<ReadOnlyMemory<byte>, bool> Passes { get; set; } = static _ => true;

    /// <summary>Gets what this node has handed to the network, as it lay on the wire.</summary>
    internal ConcurrentQueue<byte[]> Sent { get; } = new();

    internal ConcurrentQueue<AuditEvent> Audited { get; } = new();

    internal SessionEngine Engine => _engine ?? throw new InvalidOperationException($"{Name} is not running");

    /// <summary>Two nodes that have pinned each other.</summary>
    internal static async Task<(Node Alice, Node Bob)> PairAsync(
        Action<EngineOptions>? configure = null, TimeProvider? time = null, string? template = null)
    {
        var network = new InMemoryNetwork();
        var (alice, bob) = (new Node("alice", network, configure, time), new Node("bob", network, configure, time));
        await alice.StartNewAsync();
        await bob.StartNewAsync();
        await alice.KnowAsync(bob, template);
        await bob.KnowAsync(alice, template);
        return (alice, bob);
    }

    /// <summary>Makes keyring, store and identity, and starts.</summary>
    internal async Task StartNewAsync()
    {
        await MakeKeyringAsync();
        await StartAsync();
        await Engine.CreateIdentityAsync(IdentityName.Default);
    }

    internal async Task MakeKeyringAsync() =>
        await (await FileKeyring.CreateAsync(new FileKeyringOptions { Path = KeyringPath })).DisposeAsync();

    internal async Task StartAsync(bool accept = false)
    {
        var options = new EngineOptions { DataDirectory = DataDirectory };
        options.Keyring.Path = KeyringPath;
        options.Shard.Count = 2;
        Configure?.Invoke(options);
        var parts = new EngineParts
        {
            OpenJournal = async (given, stop) => await SqliteJournal.OpenAsync(
                new SqliteJournalOptions { DataDirectory = given.DataDirectory, PagesMax = PagesMax }, stop),
            TimeProvider = Time,
            AuditSink = new Audit(this),
        };
        parts.FindTemplates = TemplateFolders is { } folders ? (_, _) => Task.FromResult<IReadOnlyList<string>>(folders) : null;
        parts.OpenWitness = Witness is { } witness ? (_, _) => Task.FromResult(witness) : null;
        parts.PeerLinks.Add(new Tap(this, _network.Connect(Name)));
        _engine = accept
            ? await SessionEngine.StartFromRestoredAsync(options, parts, Timely)
            : await SessionEngine.StartAsync(options, parts, Timely);
    }

    internal async Task StopAsync()
    {
        if (_engine is { } engine)
        {
            _engine = null;
            await engine.DisposeAsync();
        }
    }

    internal async Task RestartAsync(bool accept = false)
    {
        await StopAsync();
        await StartAsync(accept);
    }

    /// <summary>Copies the store as it lies there; the node must not be running.</summary>
    internal string CopyStore(string name)
    {
        var copy = Path.Combine(_folder.Path, name);
        Directory.CreateDirectory(copy);
        foreach (var file in Directory.GetFiles(DataDirectory))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }

    /// <summary>Copies the keyring and what it remembers; gives the copy's path.</summary>
    internal string CopyKeyring(string name)
    {
        var (from, to) = (Path.GetDirectoryName(KeyringPath)!, Path.Combine(_folder.Path, name));
        foreach (var file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            var target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        return Path.Combine(to, "keyring");
    }

    internal ReadOnlyMemory<byte> Document => Engine.GetIdentity(IdentityName.Default).PublicDocument;

    internal Task<PeerInfo> KnowAsync(Node other, string? template = null) => Engine.AddPeerAsync(
        new NewPeer { Peer = other.Id, PublicDocument = other.Document, Addresses = [other.Address], Template = template });

    internal Task ConnectAsync(Node other) => Engine.ConnectAsync(other.Id, cancellationToken: Timely);

    internal Task<SentMessage> SendAsync(Node other, string text, TimeSpan? expiresAfter = null) => Engine.SendAsync(
        other.Id, Encoding.UTF8.GetBytes(text), new SendOptions { ExpiresAfter = expiresAfter }, cancellationToken: Timely);

    internal Task<SentMessage> SendWhenRoomAsync(Node other, string text, CancellationToken cancellationToken) => Engine.SendAsync(
        other.Id, Encoding.UTF8.GetBytes(text), new SendOptions { WaitsForRoom = true }, cancellationToken: cancellationToken);

    internal ValueTask<byte[]> SealAsync(Node other, string text) =>
        Engine.SealAsync(other.Id, Encoding.UTF8.GetBytes(text), cancellationToken: Timely);

    internal async Task<string> OpenAsync(byte[] envelope) =>
        Encoding.UTF8.GetString((await Engine.OpenAsync(envelope, Timely)).Payload.Span);

    internal Task<PeerInfo> PeerAsync(Node other) => Engine.GetPeerAsync(other.Id, cancellationToken: Timely);

    /// <summary>Takes messages in and says that they were handled.</summary>
    internal async Task<List<string>> ReceiveAsync(int count)
    {
        var received = new List<string>();
        await foreach (var message in Engine.ReceiveAsync(Timely))
        {
            received.Add(Encoding.UTF8.GetString(message.Payload.Span));
            await Engine.AcknowledgeAsync(message.Id, Timely);
            if (received.Count == count)
            {
                return received;
            }
        }

        throw new InvalidOperationException($"{Name} was stopped after {received.Count} of {count} messages");
    }

    /// <summary>Waits until something holds, looking again whenever others have had their turn; <paramref name="meanwhile"/> moves a clock.</summary>
    internal static async Task UntilAsync(Func<Task<bool>> holds, Action? meanwhile = null)
    {
        var began = Stopwatch.GetTimestamp();
        while (!await holds())
        {
            Assert.True(Stopwatch.GetElapsedTime(began) < Patience, "what was waited for did not come");
            await MoveAsync(meanwhile);
        }
    }

    /// <summary>Moves a clock once a millisecond at most: one that runs ahead of disks and threads makes every wait end in vain.</summary>
    private static async Task MoveAsync(Action? clock)
    {
        if (clock is null)
        {
            await Task.Yield();
            return;
        }

        clock();
        await Task.Delay(1);
    }

    /// <summary>Waits for an audit event: it is handed on after what it tells was answered.</summary>
    internal static Task HasAuditedAsync(string kind, params Node[] nodes) =>
        UntilAsync(() => Task.FromResult(nodes.Any(node => node.Audited.Any(e => e.Kind == kind))));

    internal Task HasDeliveredAsync(Node other, Action? meanwhile = null) =>
        UntilAsync(async () => (await PeerAsync(other)).OutboxCount == 0, meanwhile);

    internal static async Task<EngineException> FailsAsync(EngineErrorCode code, Func<Task> call)
    {
        var failure = await Assert.ThrowsAsync<EngineException>(call);
        Assert.True(failure.Code == code, $"{failure.Code} instead of {code}: {failure.Message}");
        return failure;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private sealed class Audit(Node node) : IAuditSink
    {
        public ValueTask WriteAsync(AuditEvent auditEvent, CancellationToken cancellationToken = default)
        {
            node.Audited.Enqueue(auditEvent);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Tap(Node node, IPeerLink inner) : IPeerLink
    {
        public bool CanReach(string address) => inner.CanReach(address);

        public async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
            string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default)
        {
            var passing = new List<ReadOnlyMemory<byte>>();
            foreach (var envelope in envelopes)
            {
                node.Sent.Enqueue(envelope.ToArray());
                if (node.Passes(envelope))
                {
                    passing.Add(envelope);
                }
            }

            return passing.Count == 0 ? [] : await inner.SendAsync(address, passing, cancellationToken);
        }

        public ValueTask StartAsync(IPeerLinkReceiver receiver, CancellationToken cancellationToken = default) =>
            inner.StartAsync(receiver, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
