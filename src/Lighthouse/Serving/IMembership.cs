using Kyberium.Engine;

namespace Kyberium.Lighthouse.Serving;

/// <summary>Who is in the cluster, as its database says. A Lighthouse shows it, and lets nobody in or out by it.</summary>
internal interface IMembership
{
    /// <summary>Lists the members; <see langword="null"/>: this Lighthouse has no way to know.</summary>
    ValueTask<IReadOnlyList<ClusterMember>?> ListAsync(CancellationToken cancellationToken);
}

/// <summary>A Lighthouse without a database.</summary>
internal sealed class NoMembership : IMembership
{
    public ValueTask<IReadOnlyList<ClusterMember>?> ListAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<ClusterMember>?>(null);
}
