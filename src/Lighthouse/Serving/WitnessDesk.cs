using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Engine.Cluster.Joining;
using Kyberium.Lighthouse.Remembering;
using Microsoft.Extensions.Logging;

namespace Kyberium.Lighthouse.Serving;

/// <summary>Remembers for nodes how far the shards of their store have come, and tells them. Decision 0020.</summary>
internal sealed class WitnessDesk(AuthorityFile file, WitnessMemory memory, TimeProvider time, ILogger logger)
{
    /// <summary>Tells a node what is remembered of a store.</summary>
    internal async Task<byte[]> TellAsync(string store, X509Certificate2? shown, string address, CancellationToken cancellationToken)
    {
        var (_, storeId) = await AdmitAsync(store, shown, address, cancellationToken);
        var remembered = await memory.ReadAsync(storeId, cancellationToken);
        return WitnessList.Encode(storeId, remembered);
    }

    /// <summary>Remembers what a node says.</summary>
    internal async Task RememberAsync(string store, byte[] said, X509Certificate2? shown, string address, CancellationToken cancellationToken)
    {
        var (node, storeId) = await AdmitAsync(store, shown, address, cancellationToken);
        var witnesses = WitnessList.TryDecode(said, storeId, out var problem) ?? throw JoinErrors.WitnessesMalformed(problem!);
        var (before, after) = await memory.RaiseAsync(storeId, witnesses, cancellationToken);
        if (after != before)
        {
            LighthouseLog.GenerationBegan(logger, store, after, node.Value);
        }
    }

    private async Task<(NodeId Node, byte[] StoreId)> AdmitAsync(string store, X509Certificate2? shown, string address, CancellationToken cancellationToken)
    {
        if (NodeProof.Of(await file.ReadAsync(cancellationToken), shown, time.GetUtcNow(), out var refusal) is not { } node)
        {
            LighthouseLog.Refused(logger, $"what is remembered of store {store}", address, refusal!);
            throw JoinErrors.Refused();
        }

        return WitnessMemory.TryStore(store, out var storeId) ? (node, storeId) : throw JoinErrors.WitnessesMalformed("names no store");
    }
}
