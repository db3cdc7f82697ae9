using System.Buffers.Binary;
using System.Diagnostics;
using Kyberium.Engine;
using Kyberium.Engine.AspNetCore;
using Kyberium.Engine.Sqlite;

namespace Kyberium.Host.Demo;

/// <summary>The hidden child of the demo: one node with a store of its own, told what to do over standard input.</summary>
/// <remarks>It ends when its input ends, so it never outlives the demo.</remarks>
internal sealed class DemoNode : IAsyncDisposable
{
    private const int AcknowledgementsInFlightMax = 256;
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(60);

    private readonly Lock _writing = new();
    private readonly StreamWriter _output;
    private readonly SessionEngine _engine;
    private readonly CountingLink _link;
    private readonly PeerId _peer;
    private readonly CancellationTokenSource _stopping = new();

    private DemoNode(Terminal terminal, SessionEngine engine, CountingLink link, PeerId peer)
    {
        _output = new StreamWriter(terminal.RawOutput, DemoJson.Utf8) { AutoFlush = true, NewLine = "\n" };
        _engine = engine;
        _link = link;
        _peer = peer;
    }

    /// <summary>Runs a node until its input ends.</summary>
    /// <param name="folder">Holds <c>data</c>, the store, and <c>keys</c>, the keyring; made when missing.</param>
    /// <param name="listen">Where the node's link listens.</param>
    /// <param name="peer">What this node calls the other one.</param>
    internal static async Task RunAsync(string folder, string listen, string peer, Terminal terminal)
    {
        var began = Stopwatch.GetTimestamp();
        var options = new EngineOptions { DataDirectory = Path.Combine(folder, "data") };
        options.Keyring.Path = Path.Combine(folder, "keys", "keyring");
        options.Shard.Count = 4;
        options.Links.FailOverInitial = TimeSpan.FromMilliseconds(100);     // the other node is killed and soon back
        options.Links.FailOverMax = TimeSpan.FromMilliseconds(200);
        options.Delivery.ResendMax = TimeSpan.FromSeconds(1);
        if (!File.Exists(options.Keyring.Path))
        {
            await (await FileKeyring.CreateAsync(new FileKeyringOptions { Path = options.Keyring.Path }).ConfigureAwait(false))
                .DisposeAsync().ConfigureAwait(false);
        }

        var http = new HttpPeerLink(new HttpPeerLinkOptions { Listen = listen });
        var link = new CountingLink(http);
        var parts = new EngineParts
        {
            OpenJournal = async (given, stop) =>
                await SqliteJournal.OpenAsync(new SqliteJournalOptions { DataDirectory = given.DataDirectory }, stop).ConfigureAwait(false),
        };
        parts.PeerLinks.Add(link);
        var engine = await SessionEngine.StartAsync(options, parts).ConfigureAwait(false);
        await using var node = new DemoNode(terminal, engine, link, new PeerId(peer));
        var identity = engine.ListIdentities() is [var known, ..]
            ? known
            : await engine.CreateIdentityAsync(IdentityName.Default).ConfigureAwait(false);
        node.Tell(new DemoEvent
        {
            What = DemoEvent.Ready,
            Document = identity.PublicDocument.ToArray(),
            Address = http.ListenAddress,
            Millis = Stopwatch.GetElapsedTime(began).TotalMilliseconds,
        });
        var receiving = node.ReceiveAsync();
        await node.ObeyAsync(terminal.Input).ConfigureAwait(false);
        await node._stopping.CancelAsync().ConfigureAwait(false);
        await receiving.ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _engine.DisposeAsync().ConfigureAwait(false);
        await _output.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task ObeyAsync(Stream input)
    {
        using var reader = new StreamReader(input, DemoJson.Utf8);
        while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
        {
            if (DemoJson.TryRead<DemoRequest>(line) is not { } request)
            {
                return;     // cut off: whoever wrote it is gone
            }

            if (request.Do == DemoRequest.Send)
            {
                // Not awaited: lines go into the journal together, in the order of these calls.
                _ = ReportAsync(SendAsync(request));
            }
            else
            {
                await ReportAsync(request.Do == DemoRequest.Pin ? PinAsync(request) : ConnectAsync()).ConfigureAwait(false);
            }
        }
    }

    private async Task ReportAsync(Task work)
    {
        try
        {
            await work.ConfigureAwait(false);
        }
        catch (EngineException failure)
        {
            Tell(new DemoEvent { What = DemoEvent.Failed, Detail = failure.Message });
        }
    }

    private async Task PinAsync(DemoRequest request)
    {
        await _engine.AddPeerAsync(
            new NewPeer { Peer = _peer, PublicDocument = request.Document, Addresses = [request.Address!] }).ConfigureAwait(false);
        Tell(new DemoEvent { What = DemoEvent.Pinned });
    }

    private async Task ConnectAsync()
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await _engine.ConnectAsync(_peer).ConfigureAwait(false);
                break;
            }
            catch (EngineException slow) when (slow.Code == EngineErrorCode.HandshakeTimedOut && Stopwatch.GetElapsedTime(began) < ConnectPatience)
            {
                // The machine has other work: both processes have only just started.
            }
        }

        Tell(new DemoEvent { What = DemoEvent.Connected, Millis = Stopwatch.GetElapsedTime(began).TotalMilliseconds });
    }

    private async Task SendAsync(DemoRequest request)
    {
        // The line's own operation id: handed over again after a kill, it is not sent twice.
        await _engine.SendAsync(_peer, request.Line, new SendOptions(OperationOf(request.Index))).ConfigureAwait(false);
        Tell(new DemoEvent { What = DemoEvent.Sent, Index = request.Index });
    }

    private async Task ReceiveAsync()
    {
        var acknowledging = new Queue<Task>();
        try
        {
            await foreach (var message in _engine.ReceiveAsync(_stopping.Token).ConfigureAwait(false))
            {
                // Told before it is acknowledged: a kill between the two shows as the same message once more, never as a gap.
                Tell(new DemoEvent
                {
                    What = DemoEvent.Received, Stream = message.Id.Stream, Number = message.Id.Number, Line = message.Payload.ToArray(),
                });
                acknowledging.Enqueue(ReportAsync(_engine.AcknowledgeAsync(message.Id)));
                while (acknowledging.Count > AcknowledgementsInFlightMax || acknowledging.TryPeek(out var first) && first.IsCompleted)
                {
                    await acknowledging.Dequeue().ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            await Task.WhenAll(acknowledging).ConfigureAwait(false);
        }
    }

    private void Tell(DemoEvent what)
    {
        var line = DemoJson.Write(what with { Envelopes = _link.MessageEnvelopes });
        lock (_writing)
        {
            _output.WriteLine(line);
        }
    }

    private static Guid OperationOf(int index)
    {
        Span<byte> bytes = stackalloc byte[16];
        "demo line "u8.CopyTo(bytes);
        BinaryPrimitives.WriteInt32BigEndian(bytes[12..], index);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>Counts what passes: a link sees each envelope's type, and nothing else of it.</summary>
    private sealed class CountingLink(IPeerLink link) : IPeerLink
    {
        private const byte MessageType = 2;     // docs/formats/envelope.md

        private long _messageEnvelopes;

        internal long MessageEnvelopes => Volatile.Read(ref _messageEnvelopes);

        public bool CanReach(string address) => link.CanReach(address);

        public ValueTask<IReadOnlyList<ReadOnlyMemory<byte>>> SendAsync(
            string address, IReadOnlyList<ReadOnlyMemory<byte>> envelopes, CancellationToken cancellationToken = default)
        {
            Interlocked.Add(ref _messageEnvelopes, envelopes.Count(envelope => envelope.Span[1] == MessageType));
            return link.SendAsync(address, envelopes, cancellationToken);
        }

        public ValueTask StartAsync(IPeerLinkReceiver receiver, CancellationToken cancellationToken = default) =>
            link.StartAsync(receiver, cancellationToken);

        public ValueTask DisposeAsync() => link.DisposeAsync();
    }
}
