using System.Buffers.Binary;
using Kyberium.Engine;
using Kyberium.Engine.AspNetCore;
using Kyberium.Engine.Sqlite;

namespace Kyberium.Crash;

/// <summary>The process that is killed: an engine over a real store and link, kept busy with the step it is to be killed at.</summary>
internal sealed class CrashNode
{
    private static readonly PeerId[] Decoys = [new("decoy-1"), new("decoy-2")];

    private readonly Lock _writing = new();
    private readonly StreamWriter _output = new(Console.OpenStandardOutput(), NodeLines.Utf8) { AutoFlush = true, NewLine = "\n" };
    private readonly PeerId _peer;
    private readonly StepAim? _aim;

    internal CrashNode(string peer, StepAim? aim)
    {
        _peer = new PeerId(peer);
        _aim = aim;
    }

    /// <summary>Runs until standard input ends.</summary>
    internal async Task RunAsync(string folder, string listen)
    {
        var trap = new StepTrap(_aim, () => Tell(new NodeEvent("step")));
        var options = Options(folder);
        if (!File.Exists(options.Keyring.Path))
        {
            await (await FileKeyring.CreateAsync(new FileKeyringOptions { Path = options.Keyring.Path })).DisposeAsync();
        }

        var http = new HttpPeerLink(new HttpPeerLinkOptions { Listen = listen });
        TrappedJournal? journal = null;
        var parts = new EngineParts
        {
            OpenJournal = async (given, stop) => journal = new TrappedJournal(
                await SqliteJournal.OpenAsync(new SqliteJournalOptions { DataDirectory = given.DataDirectory }, stop), trap),
        };
        parts.PeerLinks.Add(new TrappedLink(http, trap));
        await using var engine = await SessionEngine.StartAsync(options, parts);
        journal!.EngineIsReady();
        var identity = engine.ListIdentities().FirstOrDefault(known => known.Name == IdentityName.Default) ?? await CreateAsync(engine);
        Tell(new NodeEvent("ready", Document: identity.PublicDocument.ToArray(), Address: http.ListenAddress));
        using var stopping = new CancellationTokenSource();
        var receiving = ReportAsync(ReceiveAsync(engine, stopping.Token));
        var busy = ReportAsync(BusyAsync(engine, stopping.Token));
        await ObeyAsync(engine);
        trap.Release();
        await stopping.CancelAsync();
        await Task.WhenAll(receiving, busy);
    }

    private static EngineOptions Options(string folder)
    {
        var options = new EngineOptions { DataDirectory = Path.Combine(folder, "data") };
        options.Keyring.Path = Path.Combine(folder, "keys", "keyring");
        options.Shard.Count = 1;
        options.Residency.ResidentPeersMax = 1;         // so that peers are passivated all the time
        options.Links.FailOverInitial = TimeSpan.FromMilliseconds(100);
        options.Links.FailOverMax = TimeSpan.FromMilliseconds(200);
        options.Handshake.RetryInitial = TimeSpan.FromMilliseconds(200);
        options.Handshake.RetryMax = TimeSpan.FromMilliseconds(500);
        options.Delivery.ResendMax = TimeSpan.FromMilliseconds(500);
        return options;
    }

    private static async Task<IdentityInfo> CreateAsync(SessionEngine engine)
    {
        // Peers of another engine, which only lived for this: they are there to take turns in memory.
        var elsewhere = new EngineParts
        {
            OpenJournal = (_, _) => Task.FromResult<IJournal>(new InMemoryJournal()),
            OpenKeyring = (_, _) => Task.FromResult<IKeyring>(new InMemoryKeyring()),
        };
        await using var other = await SessionEngine.StartAsync(new EngineOptions(), elsewhere);
        var own = await engine.CreateIdentityAsync(IdentityName.Default);
        foreach (var decoy in Decoys)
        {
            var identity = await other.CreateIdentityAsync(new IdentityName(decoy.Value));
            await engine.AddPeerAsync(new NewPeer { Peer = decoy, PublicDocument = identity.PublicDocument });
        }

        return own;
    }

    private async Task ObeyAsync(SessionEngine engine)
    {
        using var reader = new StreamReader(Console.OpenStandardInput(), NodeLines.Utf8);
        while (await reader.ReadLineAsync() is { } line && NodeLines.TryRead<NodeRequest>(line) is { } request)
        {
            if (request.Do == "send")
            {
                _ = ReportAsync(SendAsync(engine, request));       // not awaited: several share a commit, in this order
            }
            else
            {
                await engine.AddPeerAsync(new NewPeer { Peer = _peer, PublicDocument = request.Document, Addresses = [request.Address!] });
                Tell(new NodeEvent("pinned"));
            }
        }
    }

    private async Task SendAsync(SessionEngine engine, NodeRequest request)
    {
        var operation = new byte[16];
        operation[0] = 1;
        BinaryPrimitives.WriteInt32BigEndian(operation.AsSpan(12), request.Index);
        await engine.SendAsync(_peer, request.Payload, new SendOptions(new Guid(operation, bigEndian: true)));
        Tell(new NodeEvent("sent", request.Index));
    }

    private async Task ReceiveAsync(SessionEngine engine, CancellationToken stopping)
    {
        try
        {
            await foreach (var message in engine.ReceiveAsync(stopping))
            {
                Tell(new NodeEvent("received", Stream: message.Id.Stream, Number: message.Id.Number, Payload: message.Payload.ToArray()));
                _ = ReportAsync(engine.AcknowledgeAsync(message.Id, CancellationToken.None));
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            Tell(new NodeEvent("stopping"));
        }
    }

    /// <summary>Makes the step that this life is to end at happen, beside the traffic.</summary>
    private async Task BusyAsync(SessionEngine engine, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(60));
        for (var round = 0; !stopping.IsCancellationRequested; round++)
        {
            try
            {
                await timer.WaitForNextTickAsync(stopping);
                await BusyOnceAsync(engine, round);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (EngineException refused) when (refused.IsTransient || refused.Code is EngineErrorCode.PeerUnknown or EngineErrorCode.SessionMissing)
            {
                // Not pinned yet, or the other node is down at this moment: the next round does it.
            }
        }
    }

    private async Task BusyOnceAsync(SessionEngine engine, int round)
    {
        switch (_aim?.Kind)
        {
            case StepKind.Checkpoint:
                await engine.CheckpointAsync();
                break;
            case StepKind.Passivation:
                var decoy = Decoys[round % 2];
                await engine.SetAddressesAsync(decoy, [$"http://127.0.0.1:{1 + (round % 1_000)}"]);
                break;
            case StepKind.Handshake:
                await engine.CloseAsync(_peer);
                await engine.ConnectAsync(_peer);
                break;
            case StepKind.Rekey:
                await engine.RekeyAsync(_peer);
                break;
            default:
                break;
        }
    }

    private async Task ReportAsync(Task work)
    {
        try
        {
            await work;
        }
        catch (EngineException failure)
        {
            Tell(new NodeEvent("failed", Detail: failure.Message));
        }
    }

    private void Tell(NodeEvent what)
    {
        lock (_writing)
        {
            _output.WriteLine(NodeLines.Write(what));
        }
    }
}
