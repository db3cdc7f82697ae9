namespace Kyberium.Engine.Placement;

/// <summary>The lease of who has no rival.</summary>
internal sealed class EndlessLease : IShardLease
{
    internal static readonly EndlessLease Instance = new();

    public bool MayServe => true;
}
