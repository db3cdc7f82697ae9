using System.Security.Cryptography;
using Kyberium.Engine;
using Kyberium.Engine.Sqlite;

// Sends a file of 20 MiB in durable parts; bob gets it whole and verified, also when either side restarts in between.
// State lies under the directory named by the first argument.
var home = args.Length > 0 ? args[0] : Directory.CreateTempSubdirectory("kyberium-").FullName;
var network = new InMemoryNetwork();
await using var alice = await StartAsync("alice");
await using var bob = await StartAsync("bob");

// Each side pins the other's public document. In earnest, compare its fingerprint over another channel first.
var aliceId = await alice.CreateIdentityAsync(IdentityName.Default);
var bobId = await bob.CreateIdentityAsync(IdentityName.Default);
await alice.AddPeerAsync(new NewPeer { Peer = new PeerId("bob"), PublicDocument = bobId.PublicDocument, Addresses = ["memory://bob"] });
await bob.AddPeerAsync(new NewPeer { Peer = new PeerId("alice"), PublicDocument = aliceId.PublicDocument, Addresses = ["memory://alice"] });

var file = Path.Combine(home, "large.bin");
await File.WriteAllBytesAsync(file, RandomNumberGenerator.GetBytes(20 << 20));

// Reads as fast as the outbox has room; a repeat under the same operation id is not sent twice.
await using (var source = File.OpenRead(file))
{
    await alice.SendStreamAsync(new PeerId("bob"), source, new SendOptions(Operation: Guid.NewGuid()));
}

await foreach (var message in bob.ReceiveAsync())
{
    if (message.Stream is { } stream)       // a message of one piece has its bytes in Payload instead
    {
        var sent = SHA256.HashData(await File.ReadAllBytesAsync(file));
        var received = await SHA256.HashDataAsync(stream.OpenRead());
        var same = received.AsSpan().SequenceEqual(sent);
        Console.WriteLine($"bob received {stream.Length} bytes in {stream.Chunks.Count} chunks, same as sent: {same}");
    }

    await bob.AcknowledgeAsync(message.Id);     // all its parts
    break;
}

async Task<SessionEngine> StartAsync(string name)
{
    var options = new EngineOptions { DataDirectory = Path.Combine(home, name, "data") };
    options.Keyring.Path = Path.Combine(home, name, "keyring", "keys");
    if (!File.Exists(options.Keyring.Path))
    {
        // Once, on purpose: an engine never makes a key by itself. An operator does it with 'kyberium keyring create'.

        await (await FileKeyring.CreateAsync(new FileKeyringOptions { Path = options.Keyring.Path })).DisposeAsync();
    }

    var parts = new EngineParts().UseSqlite();
    parts.PeerLinks.Add(network.Connect(name));
    return await SessionEngine.StartAsync(options, parts);
}
