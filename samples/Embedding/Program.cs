using Kyberium.Engine;
using Kyberium.Engine.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

// A generic host that embeds an engine; its state lies under the directory named by the first argument. The worker makes
// its identity once, shows what to give to peers (the other samples pin them and talk), and ends the host.
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
        var identity = engine.ListIdentities() is [var known, ..]
            ? known
            : await engine.CreateIdentityAsync(IdentityName.Default, cancellationToken: stoppingToken);
        Console.WriteLine($"identity '{identity.Name}' has this public document:");
        Console.WriteLine(SessionEngine.ArmorDocument(identity.PublicDocument).Split('\n')[0].Trim());
        lifetime.StopApplication();
    }
}
