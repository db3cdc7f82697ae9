using System.Net;
using Kyberium.Engine;
using Kyberium.Engine.Cluster;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

// A generic host whose engine is a node of a cluster. Arguments: a folder for what the node keeps, its name, a Lighthouse's address, and the token that
// 'lighthouse token create' printed; without the last once the node has joined. All nodes have a copy of one keyring.
if (args is not [var home, var name, var lighthouse, ..])
{
    Console.Error.WriteLine("usage: <folder> <node> <lighthouse host:port> [<token>]");
    return 64;
}

var keyring = Path.Combine(home, "keyring", "keys");
if (!File.Exists(keyring))
{
    await (await FileKeyring.CreateAsync(new FileKeyringOptions { Path = keyring })).DisposeAsync();    // for the first node; copy it to the others
}

var builder = Host.CreateApplicationBuilder();
builder.Logging.ClearProviders();
builder.Services
    .AddKyberium(options =>
    {
        options.Shard.Count = 8;                // the cluster's, as its Lighthouse has it
        options.Keyring.Path = keyring;
    })
    .JoinCluster(new ClusterNodeOptions
    {
        Cluster = new ClusterName("orders"),
        Node = new NodeId(name),
        Listen = new IPEndPoint(IPAddress.Loopback, 0),
        Lighthouses = [lighthouse],
        Token = args.Length > 3 ? args[3] : "",
        StateFile = Path.Combine(home, "node.json"),
    });
builder.Services.AddHostedService<Worker>();
try
{
    await builder.Build().RunAsync();
}
catch (EngineException refused)
{
    Console.Error.WriteLine($"not joined: {refused.Code}, {refused.Message}");
    return 1;
}

Console.WriteLine("stopped");
return 0;

/// <summary>Asks for an identity, wherever the shard with the directory is, and ends the host: its shards go to the other nodes.</summary>
internal sealed class Worker(HostedEngine kyberium, IHostApplicationLifetime lifetime) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var engine = await kyberium.StartedAsync(stoppingToken);
        Console.WriteLine("joined");
        var identity = engine.ListIdentities() is [var known, ..]
            ? known
            : await engine.CreateIdentityAsync(IdentityName.Default, cancellationToken: stoppingToken);
        Console.WriteLine($"identity '{identity.Name}'");
        lifetime.StopApplication();
    }
}
