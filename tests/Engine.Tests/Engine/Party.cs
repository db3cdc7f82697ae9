using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>One engine of a hostile test: its store and keyring outlive it, its journal can be made to fail, its link be cut or tapped.</summary>
internal sealed class Party : IAsyncDisposable
{
    private readonly InMemoryNetwork _network;
    private readonly LentKeyring _keyring = new();
    private Tap _tap = null!;

    internal Party(string name, InMemoryNetwork network, Action<EngineOptions>? configure = null, TimeProvider? time = null)
    {
        Name = name;
        _network = network;
        Configure = configure;
        Time = time ?? TimeProvider.System;
        Journal = new FaultyJournal(Store);
    }

    /// <summary>Makes a node over a store and a keyring that others share.</summary>
    internal Party(string name, InMemoryNetwork network, InMemoryJournal store, IKeyring keyring, ClusterParts cluster)
        : this(name, network)
    {
        (Store, OtherKeyring, Cluster) = (store.Beside(), keyring, cluster);
        Journal = new FaultyJournal(Store);
    }

    /// <summary>Gets the suites of both shipped levels.</summary>
    internal static IReadOnlyList<Suite> BothSuites { get; } = [Suite.MLKem768P256, Suite.MLKem1024P384];

    internal static CancellationToken Timely => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    internal string Name { get; }

    internal PeerId Id => new(Name);

    internal string Address => "memory://" + Name;

    internal TimeProvider Time { get; }

    /// <summary>Gets or sets whether nobody can call this party; of the next start.</summary>
    internal bool IsOutbound { get; set; }

    internal Action<EngineOptions>? Configure { get; set; }

    internal InMemoryJournal Store { get; set; } = new();

    internal FaultyJournal Journal { get; private set; }

    internal SessionEngine Engine { get; private set; } = null!;

    /// <summary>Gets what this party has sent, as it lay on the wire.</summary>
    internal ConcurrentQueue<byte[]> Sent { get; } = new();

    /// <summary>Gets or sets whether an envelope of this party's reaches the network.</summary>
    internal Func<byte[], bool> Passes { get; set; } = static _ => true;

    internal IKeyring? OtherKeyring { get; set; }

    /// <summary>Gets or sets who takes audit events; set before the engine starts.</summary>
    internal IAuditSink? Sink { get; set; }

    internal ILoggerFactory? Loggers { get; set; }

    /// <summary>Gets or sets what orders this party's shards; of the next start.</summary>
    internal IPlacement? Placement { get; set; }

    /// <summary>Gets or sets what makes this party a node of a cluster; of the next start.</summary>
    internal ClusterParts? Cluster { get; set; }

    internal Kyberium.Engine.Cryptography.PlatformLattice? Lattice { get; set; }

    /// <summary>Gets the audit events that were durable, of every engine this party had.</summary>
    internal ConcurrentQueue<AuditEvent> Audit { get; } = new();

    internal static async Task<(Party Alice, Party Bob)> PairAsync(
        Action<EngineOptions>? configure = null, TimeProvider? time = null, string? template = null, IReadOnlyList<Suite>? suites = null)
    {
        var network = new InMemoryNetwork();
        var (alice, bob) = (new Party("alice", network, configure, time), new Party("bob", network, configure, time));
        await alice.StartAsync();
        await bob.StartAsync();
        await alice.Engine.CreateIdentityAsync(IdentityName.Default, suites);
        await bob.Engine.CreateIdentityAsync(IdentityName.Default, suites);
        await alice.KnowAsync(bob, template);
        await bob.KnowAsync(alice, template);
        return (alice, bob);
    }

    internal ReadOnlyMemory<byte> Document(IdentityName? identity = null) =>
        Engine.GetIdentity(identity ?? IdentityName.Default).PublicDocument;

    internal Task<PeerInfo> KnowAsync(Party other, string? template = null) => Engine.AddPeerAsync(
        new NewPeer { Peer = other.Id, PublicDocument = other.Document(), Addresses = [other.Address], Template = template });

    internal async Task StartAsync(bool accept = false)
    {
        var options = new EngineOptions();
        options.Shard.Count = 2;
        options.Handshake.HalfOpenPerSourceMax = 1_000;
        Configure?.Invoke(options);
        _tap = new Tap(this, IsOutbound ? _network.ConnectOutbound(Name) : _network.Connect(Name));
        var parts = new EngineParts
        {
            OpenJournal = (_, _) => Task.FromResult<IJournal>(Journal),
            OpenKeyring = (_, _) => Task.FromResult(OtherKeyring ?? _keyring.Lend()),
            TimeProvider = Time,
            AuditSink = Sink ?? new AuditQueue(Audit),
            LoggerFactory = Loggers ?? NullLoggerFactory.Instance,
        };
        parts.Placement = Placement;
        parts.OpenCluster = Cluster is { } cluster ? (_, _) => Task.FromResult(cluster) : null;
        parts.PlatformLattice = Lattice ?? parts.PlatformLattice;
        parts.PeerLinks.Add(_tap);
        Engine = accept
            ? await SessionEngine.StartFromRestoredAsync(options, parts, Timely)
            : await SessionEngine.StartAsync(options, parts, Timely);
    }

    internal async Task RestartAsync(bool accept = false)
    {
        await Engine.DisposeAsync();
        Reopen();
        await StartAsync(accept);
    }

    /// <summary>Ends the engine as a crash would: nothing more of it reaches store or network.</summary>
    internal void Crash()
    {
        _tap.IsCut = true;
        Reopen();
    }

    internal void Reopen()
    {
        Store = Store.Reopen();
        Journal = new FaultyJournal(Store);
    }

    internal Task ConnectAsync(Party other) => Engine.ConnectAsync(other.Id, cancellationToken: Timely);

    internal Task<SentMessage> SendAsync(Party other, string text) =>
        Engine.SendAsync(other.Id, Encoding.UTF8.GetBytes(text), cancellationToken: Timely);

    internal ValueTask<byte[]> SealAsync(Party other, string text) =>
        Engine.SealAsync(other.Id, Encoding.UTF8.GetBytes(text), cancellationToken: Timely);

    internal async Task<string> OpenAsync(byte[] envelope) =>
        Encoding.UTF8.GetString((await Engine.OpenAsync(envelope, Timely)).Payload.Span);

    internal Task<PeerInfo> PeerAsync(Party other) => Engine.GetPeerAsync(other.Id, cancellationToken: Timely);

    internal async Task<List<string>> ReceiveAsync(int count)
    {
        var received = new List<string>();
        await foreach (var message in Engine.ReceiveAsync(Timely))
        {
            received.Add(Encoding.UTF8.GetString(message.Payload.Span));
            await Engine.AcknowledgeAsync(message.Id, Timely);
            if (received.Count == count)
            {
                break;
            }
        }

        return received;
    }

    /// <summary>Waits until something holds, looking again whenever others have had their turn; <paramref name="meanwhile"/> moves a clock.</summary>
    internal static async Task UntilAsync(Func<Task<bool>> holds, Action? meanwhile = null)
    {
        var timely = Timely;
        while (!await holds())
        {
            timely.ThrowIfCancellationRequested();
            if (meanwhile is null)
            {
                await Task.Yield();
                continue;
            }

            // Once a millisecond at most: a clock that runs ahead of the threads makes every wait end in vain.
            meanwhile();
            await Task.Delay(1);
        }
    }

    internal static async Task<EngineErrorCode> CodeOfAsync(Func<Task> call) =>
        (await Assert.ThrowsAsync<EngineException>(call)).Code;

    public ValueTask DisposeAsync() => Engine.DisposeAsync();

    /// <summary>Gives up the keyring as well: no engine starts here any more.</summary>
    internal ValueTask EndAsync() => _keyring.DisposeAsync();

    private sealed class AuditQueue(ConcurrentQueue<AuditEvent> events) : IAuditSink
    {
        public ValueTask WriteAsync(AuditEvent auditEvent, CancellationToken cancellationToken = default)
        {
            events.Enqueue(auditEvent);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    /// <summary>The network's link with a knife and a pencil.</summary>
    private sealed class Tap(Party party, IPeerLink inner) : IPeerLink
    {
        internal volatile bool IsCut;

        public bool CanReach(string address) => inner.CanReach(address);

        public bool Collects => inner.Collects;

        public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> ExchangeAsync(
            string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, TimeSpan wait, CancellationToken cancellationToken = default) =>
            IsCut ? throw new IOException("cut") : inner.ExchangeAsync(address, envelopes, wait, cancellationToken);

        public async ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
            string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default)
        {
            if (IsCut)
            {
                throw new IOException("cut");
            }

            var passing = new List<ReadOnlyMemory<byte>>();
            foreach (var envelope in envelopes)
            {
                var copy = envelope.ToArray();
                party.Sent.Enqueue(copy);
                if (party.Passes(copy))
                {
                    passing.Add(copy);
                }
            }

            return await inner.SendAsync(address, passing, cancellationToken);
        }

        public ValueTask StartAsync(IPeerLinkReceiver receiver, CancellationToken cancellationToken = default) =>
            inner.StartAsync(receiver, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
