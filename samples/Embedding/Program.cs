using System.Text;
using Kyberium.Engine;
using Kyberium.Engine.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

// A generic host that embeds an engine; its state lies under the directory named by the first argument. The worker sends a
// durable message to the engine's own identity, as another peer would, receives it and ends the host.
var home = args.Length > 0 ? args[0] : Directory.CreateTempSubdirectory("kyberium-").FullName;
var keyring = Path.Combine(home, "keyring", "keys");
if (!File.Exists(keyring))
{
    await (await FileKeyring.CreateAsync(new FileKeyringOptions { Path = keyring })).DisposeAsync();    // once, on purpose
}

var builder = Host.CreateApplicationBuilder(args);
builder.Logging.ClearProviders();
builder.Services
    .AddKyberium(options =>
    {
        options.DataDirectory = Path.Combine(home, "data");
        options.Keyring.Path = keyring;
    })
    .UseSqlite()
    .UseInMemoryNetwork(new InMemoryNetwork(), "here");
builder.Services.AddHostedService<Worker>();
await builder.Build().RunAsync();
Console.WriteLine("stopped");

internal sealed class Worker(HostedEngine kyberium, IHostApplicationLifetime lifetime) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var engine = await kyberium.StartedAsync(stoppingToken);
        Console.WriteLine("started");
        var left = await engine.CreateIdentityAsync(new IdentityName("left"), cancellationToken: stoppingToken);
        var right = await engine.CreateIdentityAsync(new IdentityName("right"), cancellationToken: stoppingToken);
        await engine.AddPeerAsync(Peer("left", "right", right), cancellationToken: stoppingToken);
        await engine.AddPeerAsync(Peer("right", "left", left), cancellationToken: stoppingToken);
        await engine.SendAsync(
            new PeerId("right"), "hello"u8.ToArray(), new SendOptions(Identity: new IdentityName("left")), cancellationToken: stoppingToken);
        await foreach (var message in engine.ReceiveAsync(stoppingToken))
        {
            Console.WriteLine($"{message.Id.Identity} received '{Encoding.UTF8.GetString(message.Payload.Span)}' from {message.Id.Peer}");
            await engine.AcknowledgeAsync(message.Id, stoppingToken);
            break;
        }

        lifetime.StopApplication();
    }

    private static NewPeer Peer(string identity, string peer, IdentityInfo of) => new()
    {
        Identity = new IdentityName(identity),
        Peer = new PeerId(peer),
        PublicDocument = of.PublicDocument,
        Addresses = ["memory://here"],
    };
}
