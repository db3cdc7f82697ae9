namespace Kyberium.Engine.Keyring;

/// <summary>The witnesses of one store, in one file that is rewritten whole and never goes back.</summary>
/// <remarks>
/// <para>Shards that write at the same moment share a rewrite: whoever gets to write takes along what all others have handed in,
/// and those find their witness on disk when their turn comes.</para>
/// <para>Other processes write the same file: the store's next owner, while this one does not know yet that it was deposed. So each rewrite reads what is
/// there and joins to it, under a lock that ends with its process.</para>
/// </remarks>
internal sealed class StoreWitnesses(string path, ReadOnlyMemory<byte> storeId, KeyLookup keys, EngineScheduler scheduler) : IDisposable
{
    private readonly Lock _handingIn = new();
    private readonly SortedDictionary<ShardId, ShardWitness> _handedIn = new(WitnessEntry.Order);
    private readonly SemaphoreSlim _writing = new(1, 1);
    private Batch _open = new();

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

    /// <summary>Joins witnesses to those of their shards; durable when it completes.</summary>
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
                WitnessEntry.Raise(_handedIn, witness with { Tenure = witness.Tenure.ToArray() });
            }

            return _open;
        }
    }

    private async ValueTask RewriteAsync(CancellationToken cancellationToken)
    {
        PrivateFile.CreateFolder(Path.GetDirectoryName(path)!);
        using var held = await KeyringLock.WaitAsync(path, scheduler, cancellationToken).ConfigureAwait(false);
        var known = new SortedDictionary<ShardId, ShardWitness>(WitnessEntry.Order);
        foreach (var witness in await LoadAsync(cancellationToken).ConfigureAwait(false))
        {
            known.Add(witness.Shard, witness);
        }

        var (batch, taken) = Take();
        try
        {
            taken.ForEach(witness => WitnessEntry.Raise(known, witness));
            if (known.Count > WitnessFile.CountMax)
            {
                throw KeyringErrors.WitnessesTooMany(path);
            }

            // Written also when nothing is higher: what is there may be a rename that is not durable yet.
            await PrivateFile.ReplaceAsync(path, WitnessFile.Encode(storeId.Span, keys.Current(), known.Values), cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            GiveBack(taken);    // the others write their own
            throw;
        }

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
                WitnessEntry.Raise(_handedIn, witness);
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
