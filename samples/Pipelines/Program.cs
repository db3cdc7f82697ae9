using System.Globalization;
using System.Text;
using Kyberium.Engine;
using Kyberium.Engine.Sqlite;

// Seals a stream of readings at alice and opens it at bob: in batches, in order, bounded, errors per item.
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

// Nothing is connected yet: the first batch waits for the handshake, as a caller of SealAsync would.
var (opened, refused) = (0, 0);
await foreach (var result in bob.OpenManyAsync(Envelopes()))
{
    if (!result.IsOpened)
    {
        refused++;
    }
    else if (Encoding.UTF8.GetString(result.Opened.Payload.Span) == Reading(opened))
    {
        opened++;
    }
}

Console.WriteLine($"{opened} opened in order, {refused} refused");

async IAsyncEnumerable<ReadOnlyMemory<byte>> Envelopes()
{
    // What carries the envelopes to bob is the application's own: a queue, a socket, a file.
    await foreach (var result in alice.SealManyAsync(Readings()))
    {
        if (result.IsSealed)
        {
            yield return result.Envelope;
        }
        else
        {
            Console.WriteLine($"one reading was not sealed: {result.Error}");
        }
    }
}

async IAsyncEnumerable<SealRequest> Readings()
{
    for (var number = 0; number < 10_000; number++)
    {
        yield return new SealRequest(new PeerId("bob"), Encoding.UTF8.GetBytes(Reading(number)));
        if (number == 5_000)
        {
            await Task.Yield();
            yield return new SealRequest(new PeerId("nobody"), "lost"u8.ToArray());     // its own error; the stream goes on
        }
    }
}

static string Reading(int number) => string.Create(CultureInfo.InvariantCulture, $"reading {number}");

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
