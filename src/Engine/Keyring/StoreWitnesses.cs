namespace Kyberium.Engine.Keyring;

/// <summary>The witnesses of one store, in one file that is rewritten whole.</summary>
/// <remarks>
/// Shards that write at the same moment share a rewrite: whoever gets to write takes along what all others have handed in,
/// and those find their witness on disk when their turn comes.
/// </remarks>
internal sealed class StoreWitnesses(string path, ReadOnlyMemory<byte> storeId, KeyLookup keys) : IDisposable
{
    private readonly Lock _handingIn = new();
    private readonly SortedDictionary<ShardId, ShardWitness> _handedIn = new(WitnessEntry.Order);
    private readonly SemaphoreSlim _writing = new(1, 1);
    private Batch _open = new();
    private SortedDictionary<ShardId, ShardWitness>? _written;

    /// <summary>Reads what is on disk; empty when there is nothing.</summary>
    internal async ValueTask<IReadOnlyList<ShardWitness>> ReadAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await LoadAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>Writes witnesses, each in place of the one of its shard; durable when it completes.</summary>
    internal async ValueTask WriteAsync(IReadOnlyList<ShardWitness> witnesses, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(witnesses);
        foreach (var witness in witnesses)
        {
            WitnessEntry.Check(witness);
        }

        if (witnesses.Count == 0)
        {
            return;
        }

        var mine = HandIn(witnesses);
        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (mine.IsWritten)
            {
                return;
            }

            await RewriteAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _writing.Release();
        }
    }

    public void Dispose() => _writing.Dispose();

    private Batch HandIn(IReadOnlyList<ShardWitness> witnesses)
    {
        lock (_handingIn)
        {
            foreach (var witness in witnesses)
            {
                // The caller may reuse its buffer.
                _handedIn[witness.Shard] = witness with { Tenure = witness.Tenure.ToArray() };
            }

            return _open;
        }
    }

    private async ValueTask RewriteAsync(CancellationToken cancellationToken)
    {
        var known = _written ??= new SortedDictionary<ShardId, ShardWitness>(
            (await LoadAsync(cancellationToken).ConfigureAwait(false)).ToDictionary(w => w.Shard), WitnessEntry.Order);
        var (batch, taken) = Take();
        var next = new SortedDictionary<ShardId, ShardWitness>(known, WitnessEntry.Order);
        foreach (var witness in taken)
        {
            next[witness.Shard] = witness;
        }

        try
        {
            if (next.Count > WitnessFile.CountMax)
            {
                throw KeyringErrors.WitnessesTooMany(path);
            }

            PrivateFile.CreateFolder(Path.GetDirectoryName(path)!);
            var file = WitnessFile.Encode(storeId.Span, keys.Current(), next.Values);
            await PrivateFile.ReplaceAsync(path, file, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // What is on disk is unknown; read it before the next write. The others write their own.
            _written = null;
            GiveBack(taken);
            throw;
        }

        _written = next;
        batch.IsWritten = true;
    }

    private (Batch Batch, List<ShardWitness> Taken) Take()
    {
        lock (_handingIn)
        {
            var batch = _open;
            _open = new Batch();
            List<ShardWitness> taken = [.. _handedIn.Values];
            _handedIn.Clear();
            return (batch, taken);
        }
    }

    private void GiveBack(List<ShardWitness> taken)
    {
        lock (_handingIn)
        {
            foreach (var witness in taken)
            {
                _handedIn.TryAdd(witness.Shard, witness);   // a newer one of the same shard stays
            }
        }
    }

    private async ValueTask<IReadOnlyList<ShardWitness>> LoadAsync(CancellationToken cancellationToken)
    {
        if (await PrivateFile.ReadAsync(path, WitnessFile.SizeMax, cancellationToken).ConfigureAwait(false) is not { } file)
        {
            return [];
        }

        var id = WitnessFile.ReadMasterKeyId(file, storeId.Span, path);
        var master = await keys.FindAsync(id, cancellationToken).ConfigureAwait(false);
        return WitnessFile.Decode(file, storeId.Span, master, path);
    }

    // Those who handed in before the same rewrite; guarded by _writing.
    private sealed class Batch
    {
        internal bool IsWritten { get; set; }
    }
}
