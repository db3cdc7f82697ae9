namespace Kyberium.Host.Documents;

/// <summary>A request or reply that says nothing more.</summary>
internal sealed record Nothing
{
    internal static Nothing Instance { get; } = new();
}

/// <summary>What a running node is.</summary>
/// <param name="Version">The program's version.</param>
/// <param name="Process">Its process id.</param>
/// <param name="Journal">Its journal.</param>
/// <param name="Keyring">Its keyring; never a key.</param>
/// <param name="Listen">Where peers reach it.</param>
/// <param name="Pbm">Where operators reach it, in what a node says when it is ready; nothing elsewhere.</param>
internal sealed record NodeDocument(
    string Version, int Process, string Journal, string Keyring, IReadOnlyList<string> Listen, IReadOnlyList<string>? Pbm = null);

/// <summary>Asks for a copy of the store.</summary>
/// <param name="Path">The absolute path of the file to make.</param>
internal sealed record BackupRequest(string Path);

/// <summary>A copy was written.</summary>
internal sealed record BackupDocument(string Path, long Bytes);

/// <summary>A backup was placed, or an older copy accepted.</summary>
/// <param name="DataDirectory">The data directory.</param>
/// <param name="Accepted">Whether the node goes on from this copy.</param>
internal sealed record RestorationDocument(string DataDirectory, bool Accepted);

/// <summary>Asks what a store holds.</summary>
/// <param name="Verify">Whether every frame is checked as well.</param>
internal sealed record InspectionRequest(bool Verify);

/// <summary>What a store holds.</summary>
/// <param name="Journal">What the journal is and where.</param>
/// <param name="StoreId">The store's id, 32 hexadecimal digits; a copy has the same.</param>
/// <param name="TailBytes">How many bytes of records a recovery would read.</param>
/// <param name="Shards">Each shard that was ever owned.</param>
/// <param name="Verification">What verifying found; nothing when it was not asked for.</param>
internal sealed record StoreDocument(
    string Journal, string StoreId, long TailBytes, IReadOnlyList<ShardDocument> Shards, VerificationDocument? Verification = null);

/// <summary>A shard of a store.</summary>
/// <param name="Shard">Its group and number.</param>
/// <param name="Fence">How often it changed its owner.</param>
/// <param name="TruncatedThrough">Records up to here are gone; their effects are in the rows.</param>
/// <param name="End">The last record.</param>
/// <param name="Rows">How many rows it has of each kind.</param>
internal sealed record ShardDocument(
    string Shard, long Fence, long TruncatedThrough, long End, IReadOnlyDictionary<string, long> Rows);

/// <summary>What verifying a store found.</summary>
/// <param name="WithKeys">Whether content was checked as well, by opening it.</param>
/// <param name="RecordCount">Records looked at.</param>
/// <param name="RowCount">Rows looked at.</param>
/// <param name="Findings">Bad records and rows, the first 100.</param>
internal sealed record VerificationDocument(bool WithKeys, long RecordCount, long RowCount, IReadOnlyList<string> Findings);

/// <summary>The keyring, without keys.</summary>
internal sealed record KeyringDocument(string Description, IReadOnlyList<MasterKeyDocument> MasterKeys);

/// <summary>A master key's name and age; never the key.</summary>
internal sealed record MasterKeyDocument(string Id, DateTimeOffset CreatedAt, bool IsCurrent);

/// <summary>A failure that crosses the control socket.</summary>
/// <param name="Code">The stable number.</param>
/// <param name="Message">What to do next, without the code in front.</param>
internal sealed record ProblemDocument(int Code, string Message);
