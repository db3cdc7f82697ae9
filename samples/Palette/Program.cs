// An application with commands of its own for pbm. Usage: Palette [address:port], then in another window
//   pbm 127.0.0.1:9110 orders list
//   pbm 127.0.0.1:9110 orders cancel --number 2
using Kyberium.Engine;
using Kyberium.Pbm.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

var builder = Host.CreateApplicationBuilder();
builder.Logging.ClearProviders();
var orders = new SortedDictionary<long, string> { [1] = "ink", [2] = "paper" };
builder.Services.AddPbm(options => options.Listen = [args.Length > 0 ? args[0] : "127.0.0.1:9110"])
    .AddPalette(new PbmPalette("orders", "Looks at orders, and cancels them.",
    [
        new PbmCommand
        {
            Name = "list", Description = "Lists open orders: number and goods.", Items = "orders",
            Run = (_, _) => Snapshot().Select(order => PbmItem.Row(("number", order.Key), ("goods", order.Value))).ToAsyncEnumerable(),
        },
        new PbmCommand
        {
            Name = "cancel", Description = "Cancels an order.", Items = "orders", Changes = true,
            Switches = [new PbmSwitch("number", PbmSwitchType.Number, "The order's number.", 'n', Required: true)],
            Run = PbmCommand.One((call, _) => Task.FromResult(Cancel(call.Number("number")!.Value, call.Caller.Actor!))),
        },
    ]));

using var host = builder.Build();
await host.StartAsync();
Console.WriteLine($"pbm {host.Services.GetRequiredService<PbmLifetime>().Addresses[0]}");
await host.WaitForShutdownAsync();

// Commands run beside each other.
KeyValuePair<long, string>[] Snapshot()
{
    lock (orders)
    {
        return [.. orders];
    }
}

PbmItem Cancel(long number, string actor)
{
    lock (orders)
    {
        return orders.Remove(number, out var goods)
            ? PbmItem.Card(("number", number), ("goods", goods), ("cancelledBy", actor))
            : throw new EngineException(EngineErrorCode.RequestInvalid, $"there is no order {number}; see 'orders list'");
    }
}
