using System.Globalization;
using Kyberium.Engine;
using Kyberium.Engine.Sqlite;

namespace Kyberium.Crash;

/// <summary>Sends durable messages one after the other and writes a line to standard output once each is said to be durable.</summary>
internal static class DurableAnswers
{
    /// <param name="syncs">Whether the store waits for the disk; without it the trace must show the difference.</param>
    internal static async Task RunAsync(string folder, int count, bool syncs)
    {
        var options = new EngineOptions();
        options.Shard.Count = 1;
        await using var keyring = new InMemoryKeyring();
        var parts = new EngineParts
        {
            OpenKeyring = (_, _) => Task.FromResult<IKeyring>(keyring),
            OpenJournal = async (_, stop) =>
                await SqliteJournal.OpenAsync(new SqliteJournalOptions { DataDirectory = folder, SyncsToDisk = syncs }, stop),
        };
        await using var engine = await SessionEngine.StartAsync(options, parts);
        var elsewhere = new EngineParts
        {
            OpenKeyring = (_, _) => Task.FromResult<IKeyring>(new InMemoryKeyring()),
            OpenJournal = (_, _) => Task.FromResult<IJournal>(new InMemoryJournal()),
        };
        await using var other = await SessionEngine.StartAsync(new EngineOptions(), elsewhere);
        await engine.CreateIdentityAsync(IdentityName.Default);
        var peer = new PeerId("away");
        await engine.AddPeerAsync(
            new NewPeer { Peer = peer, PublicDocument = (await other.CreateIdentityAsync(IdentityName.Default)).PublicDocument });
        using var output = Console.OpenStandardOutput();
        for (var number = 0; number <= count; number++)
        {
            await engine.SendAsync(peer, new byte[100]);
            await output.WriteAsync(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"answer {number}\n")));
        }
    }
}
