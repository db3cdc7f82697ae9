using System.CommandLine;
using Kyberium.Host.Control;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;

namespace Kyberium.Host.Commands.Store;

/// <summary><c>kyberium inspect</c>: an envelope's header, or what a store holds and whether it is sound.</summary>
internal static class InspectCommand
{
    internal static Command Make(CommandFrame frame)
    {
        var target = new Argument<string?>("target")
        {
            Description = "A data directory, a file with an envelope, or an envelope in hexadecimal. Without it: the configured data directory.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var verify = new Option<bool>("--verify")
        {
            Description = "Checks every record and row: frame, checksum, place and order; with a keyring (--keyring) also that each opens.",
        };
        return frame.Make("inspect", "Shows an envelope's header, or a store's shards, positions, fences and rows. No secret is shown.", async call =>
        {
            var what = call.Get(target);
            if (what is not null && !Directory.Exists(what))
            {
                var envelope = await EnvelopeTarget.ReadAsync(call, what);
                call.Print(envelope, output => EnvelopeText.Write(output, envelope));
                return ExitCode.Ok;
            }

            if (what is not null)
            {
                call.Override("kyberium.engine.data-directory", what);
            }

            var store = await InspectStoreAsync(call, call.Get(verify));
            call.Print(store, output => StoreText.Write(output, store));
            return store.Verification is { Findings.Count: > 0 } verification
                ? throw HostErrors.StoreUnsound(verification.Findings.Count)
                : ExitCode.Ok;
        }, target, verify);
    }

    private static async Task<StoreDocument> InspectStoreAsync(CommandCall call, bool verify)
    {
        var configuration = call.ReadConfiguration();
        await using var running = await ControlClient.TryConnectAsync(configuration, call.Stopping);
        if (running is not null)
        {
            return await running.AskAsync(NodeOperations.Inspect, new InspectionRequest(verify), call.Stopping);
        }

        return NodeStart.HasStore(configuration)
            ? await StoreInspection.OpenAsync(configuration, verify, call.Stopping)
            : throw HostErrors.NoStore(configuration.DataDirectory);
    }
}
