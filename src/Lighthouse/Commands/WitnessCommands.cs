using System.CommandLine;
using Kyberium.Lighthouse.Remembering;

namespace Kyberium.Lighthouse.Commands;

/// <summary><c>lighthouse witness list|forget</c>.</summary>
internal static class WitnessCommands
{
    internal static Command List(CommandFrame frame)
    {
        var command = new Command("list", "Lists the stores of which something is remembered: store, generation, shards, the highest fence.");
        command.SetAction(async (parsed, stopping) =>
        {
            var memory = Open(frame, parsed);
            foreach (var store in memory.List())
            {
                _ = WitnessMemory.TryStore(store, out var storeId);
                var witnesses = await memory.ReadAsync(storeId, stopping);
                var fence = witnesses.Select(static witness => witness.Fence.Value).DefaultIfEmpty().Max();
                await frame.Output.WriteLineAsync($"{store}, generation {WitnessMemory.GenerationOf(witnesses)}, {witnesses.Count} shards, fence {fence}");
            }
        });
        return command;
    }

    internal static Command Forget(CommandFrame frame)
    {
        var store = new Argument<string>("store") { Description = "The store's id, as 'lighthouse witness list' shows it." };
        var command = new Command("forget", "Forgets a store: one that is gone for good, or whose entries no node could have written.") { store };
        command.SetAction(async (parsed, stopping) =>
        {
            var text = parsed.GetValue(store)!;
            if (!WitnessMemory.TryStore(text, out var storeId) || !await Open(frame, parsed).ForgetAsync(storeId, stopping))
            {
                throw LighthouseErrors.NotAStore(text);
            }

            await frame.Output.WriteLineAsync($"store {text} is forgotten");
        });
        return command;
    }

    private static WitnessMemory Open(CommandFrame frame, ParseResult parsed) =>
        new(Path.Combine(frame.Read(parsed).Directory, "witness"), TimeProvider.System);
}
