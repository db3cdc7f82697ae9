using Kyberium.Engine;
using Kyberium.Engine.Sqlite;

namespace Kyberium.Repository.Tests.Documents;

/// <summary>The example of README.md, compiled. ReadmeTests compares what is between the two lines with the document.</summary>
internal static class ReadmeExample
{
    internal static async Task<byte[]> EmbedAsync(EngineOptions options, PeerId bob, ReadOnlyMemory<byte> bobsDocument, string bobsAddress)
    {
        // Example begins.
        var parts = new EngineParts
        {
            OpenJournal = async (o, stop) => await SqliteJournal.OpenAsync(new() { DataDirectory = o.DataDirectory }, stop),
        };
        await using var engine = await SessionEngine.StartAsync(options, parts);
        await engine.AddPeerAsync(new NewPeer { Peer = bob, PublicDocument = bobsDocument, Addresses = [bobsAddress] });
        byte[] envelope = await engine.SealAsync(bob, "now"u8.ToArray());       // volatile: you carry it
        await engine.SendAsync(bob, "for sure"u8.ToArray());                    // durable: resent until acknowledged
        // Example ends.
        return envelope;
    }
}
