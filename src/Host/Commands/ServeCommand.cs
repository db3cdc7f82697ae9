using System.CommandLine;
using Kyberium.Host.Running;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;

namespace Kyberium.Host.Commands;

/// <summary><c>kyberium serve</c>: runs a node until a signal stops it.</summary>
internal static class ServeCommand
{
    internal static Command Make(CommandFrame frame) => frame.Make(
        "serve", "Runs a node until it is told to stop (Ctrl-C, SIGTERM): then it finishes what it accepted. Logs go to standard error.",
        RunAsync);

    private static async Task RunAsync(CommandCall call)
    {
        var configuration = call.ReadConfiguration();
        var builder = new HostApplicationBuilder(new HostApplicationBuilderSettings { DisableDefaults = true });
        using var logs = new LogTail();
        var stop = new StopRequest();
        AddLogs(builder.Logging, configuration.Host);
        builder.Logging.AddProvider(logs);
        builder.Services.AddSingleton(logs);
        builder.Services.AddSingleton(stop);
        builder.Services.AddSingleton(configuration);
        builder.Services.AddSingleton(call.Terminal);
        builder.Services.AddSingleton<IHostLifetime, CommandLifetime>();
        builder.Services.AddSingleton<NodeService>();
        builder.Services.AddHostedService(services => services.GetRequiredService<NodeService>());
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(options => options.ShutdownTimeout = Timeout.InfiniteTimeSpan);
        using var host = builder.Build();
        await host.StartAsync(call.Stopping);
        var service = host.Services.GetRequiredService<NodeService>();
        var node = service.Node.Describe() with { Pbm = service.PbmAddresses };
        call.Print(node, output => output.WriteLine(
            $"ready: kyberium {node.Version}, process {node.Process}\n  journal  {node.Journal}\n  keyring  {node.Keyring}\n"
            + $"  listen   {(node.Listen.Count == 0 ? "nowhere" : string.Join(", ", node.Listen))}\n"
            + $"  pbm      {(node.Pbm!.Count == 0 ? "nowhere" : string.Join(", ", node.Pbm))}\n  control  {service.ControlPath}"));
        using var registration = call.Stopping.Register(stop.Ask);
        await stop.Asked;
        await host.StopAsync(CancellationToken.None);
    }

    private static void AddLogs(ILoggingBuilder logging, Configuration.HostOptions options)
    {
        logging.SetMinimumLevel(options.MinimumLevel);
        logging.AddFilter("Microsoft", LogLevel.Warning);
        logging.AddFilter("Microsoft.Extensions.Hosting", LogLevel.Critical);    // a start that failed is told by the command, in one line
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        if (options.LogsJson)
        {
            logging.AddJsonConsole(json => (json.UseUtcTimestamp, json.TimestampFormat) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ"));
        }
        else
        {
            logging.AddSimpleConsole(text => (text.SingleLine, text.UseUtcTimestamp, text.TimestampFormat, text.ColorBehavior) =
                (true, true, "yyyy-MM-ddTHH:mm:ss.fffZ ", LoggerColorBehavior.Disabled));
        }
    }
}
