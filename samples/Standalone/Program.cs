using System.Text;
using Kyberium.Engine;
using Kyberium.Engine.Sqlite;

// Two engines without a host, each with its own store and keyring, under the directory named by the first argument.
// Prints what bob received, and that it was acknowledged.
var home = args.Length > 0 ? args[0] : Directory.CreateTempSubdirectory("kyberium-").FullName;
var network = new InMemoryNetwork();
await using var alice = await StartAsync("alice");
await using var bob = await StartAsync("bob");

// Each side pins the other's public document. In earnest, compare its fingerprint over another channel first.
var aliceId = await alice.CreateIdentityAsync(IdentityName.Default);
var bobId = await bob.CreateIdentityAsync(IdentityName.Default);
await alice.AddPeerAsync(new NewPeer { Peer = new PeerId("bob"), PublicDocument = bobId.PublicDocument, Addresses = ["memory://bob"] });
await bob.AddPeerAsync(new NewPeer { Peer = new PeerId("alice"), PublicDocument = aliceId.PublicDocument, Addresses = ["memory://alice"] });

// Durable: in alice's journal when this returns, and sent until bob has it.
await alice.SendAsync(new PeerId("bob"), "order 66"u8.ToArray());
await foreach (var message in bob.ReceiveAsync())
{
    Console.WriteLine($"bob received '{Encoding.UTF8.GetString(message.Payload.Span)}' from {message.Id.Peer}, number {message.Id.Number}");
    await bob.AcknowledgeAsync(message.Id);     // until then it would come again after a restart
    Console.WriteLine("acknowledged");
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
