using Kyberium.Engine;
using Kyberium.Engine.Sqlite;
using Kyberium.Host.Documents;

namespace Kyberium.Host.Nodes;

internal sealed partial class Node
{
    internal async Task<Nothing> CheckpointAsync(CancellationToken cancellationToken)
    {
        await _engine.CheckpointAsync(cancellationToken);
        return Nothing.Instance;
    }

    internal async Task<BackupDocument> BackupAsync(BackupRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await OwnStore().BackupToAsync(request.Path, cancellationToken);
            return new BackupDocument(Path.GetFullPath(request.Path), new FileInfo(request.Path).Length);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw HostErrors.FileFailed(failure);
        }
    }

    /// <summary>Lists the shards of the store without counting their rows.</summary>
    internal Task<IReadOnlyList<ShardDocument>> ListShardsAsync(CancellationToken cancellationToken) =>
        StoreInspection.ListShardsAsync(_journal, countsRows: false, cancellationToken);

    internal Task<StoreDocument> InspectAsync(InspectionRequest request, CancellationToken cancellationToken) =>
        request.Verify
            ? StoreInspection.VerifyCopyAsync(OwnStore(), _configuration, cancellationToken)
            : StoreInspection.DescribeAsync(_journal, verification: null, cancellationToken);

    /// <summary>Gives the store that is this node's alone.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.RequestInvalid"/>: the cluster's database is everybody's.</exception>
    private SqliteJournal OwnStore() => _journal as SqliteJournal ?? throw HostErrors.ClusterStore();
}
