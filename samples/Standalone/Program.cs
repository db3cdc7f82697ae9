using System.Text;
using Kyberium.Engine;
using Kyberium.Engine.Sqlite;

// Two engines without a host, each with its own store and keyring, under the directory named by the first argument.
// Prints what bob opened and received, and that it was acknowledged. The marked lines are README.md's example.
var home = args.Length > 0 ? args[0] : Directory.CreateTempSubdirectory("kyberium-").FullName;
var network = new InMemoryNetwork();
var alicesDocument = await PrepareAsync("alice");
var bobsDocument = await PrepareAsync("bob");

// Each side pins the other's public document. In earnest, compare its fingerprint over another channel first.
await using var receiver = await SessionEngine.StartAsync(OptionsOf("bob"), PartsOf("bob"));
await receiver.AddPeerAsync(new NewPeer { Peer = new PeerId("alice"), PublicDocument = alicesDocument, Addresses = ["memory://alice"] });

var options = OptionsOf("alice");
var bob = new PeerId("bob");
var bobsAddress = "memory://bob";

// Example begins.
var parts = new EngineParts { PeerLinks = { network.Connect("alice") } }.UseSqlite();
await using var engine = await SessionEngine.StartAsync(options, parts);
await engine.AddPeerAsync(new NewPeer { Peer = bob, PublicDocument = bobsDocument, Addresses = [bobsAddress] });
byte[] envelope = await engine.SealAsync(bob, "now"u8.ToArray());       // volatile: you carry it
await engine.SendAsync(bob, "for sure"u8.ToArray());                    // durable: resent until acknowledged
// Example ends.

var opened = await receiver.OpenAsync(envelope);
Console.WriteLine($"bob opened '{Encoding.UTF8.GetString(opened.Payload.Span)}' from {opened.Peer}");
await foreach (var message in receiver.ReceiveAsync())
{
    Console.WriteLine($"bob received '{Encoding.UTF8.GetString(message.Payload.Span)}' from {message.Id.Peer}, number {message.Id.Number}");
    await receiver.AcknowledgeAsync(message.Id);     // until then it would come again after a restart
    Console.WriteLine("acknowledged");
    break;
}

// Once, on purpose: an engine never makes a key by itself. An operator does it with 'kyberium keyring create' and 'kyberium identity create'.
async Task<ReadOnlyMemory<byte>> PrepareAsync(string name)
{
    var keyring = OptionsOf(name).Keyring.Path;
    if (!File.Exists(keyring))
    {
        await (await FileKeyring.CreateAsync(new FileKeyringOptions { Path = keyring })).DisposeAsync();
    }

    await using var first = await SessionEngine.StartAsync(OptionsOf(name), new EngineParts().UseSqlite());
    var identity = first.ListIdentities() is [var known, ..] ? known : await first.CreateIdentityAsync(IdentityName.Default);
    return identity.PublicDocument;
}

EngineOptions OptionsOf(string name)
{
    var made = new EngineOptions { DataDirectory = Path.Combine(home, name, "data") };
    made.Keyring.Path = Path.Combine(home, name, "keyring", "keys");
    return made;
}

EngineParts PartsOf(string name) => new EngineParts { PeerLinks = { network.Connect(name) } }.UseSqlite();
