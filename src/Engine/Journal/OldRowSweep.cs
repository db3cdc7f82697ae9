namespace Kyberium.Engine.Journal;

/// <summary>A walk over a shard's rows that stand under old data keys, taken a few at a time; it may rest between two steps for as long as it likes.</summary>
/// <remarks>A row may have changed since the walk passed it: whoever seals it anew reads it again.</remarks>
internal sealed class OldRowSweep(DataKeys keys, uint olderThan, CancellationToken cancellationToken) : IAsyncDisposable
{
    private readonly IAsyncEnumerator<RowKey> _rows =
        keys.ReadRowsUnderOldKeysAsync(olderThan, cancellationToken).GetAsyncEnumerator(cancellationToken);

    /// <summary>Gives the next keys, at most <paramref name="countMax"/>; none when the walk is over.</summary>
    internal async ValueTask<List<RowKey>> NextAsync(int countMax)
    {
        var next = new List<RowKey>();
        while (next.Count < countMax && await _rows.MoveNextAsync().ConfigureAwait(false))
        {
            next.Add(_rows.Current);
        }

        return next;
    }

    public ValueTask DisposeAsync() => _rows.DisposeAsync();
}
