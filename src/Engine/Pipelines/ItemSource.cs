using System.Diagnostics.CodeAnalysis;
using System.Threading.Channels;

namespace Kyberium.Engine.Pipelines;

/// <summary>Where a pipeline's items come from: what is there now is taken without waiting.</summary>
internal abstract class ItemSource<T> : IAsyncDisposable
{
    private Task<bool>? _arrival;

    /// <summary>Gets whether the source has given its last item.</summary>
    internal bool IsOver { get; private set; }

    /// <summary>Gets what completes when <see cref="TryTake"/> is worth another try, or fails as the source did;
    /// <see langword="null"/>: it is so now, or the source is over.</summary>
    internal Task? Arrival => _arrival;

    internal bool HasFailed => _arrival is { IsCompleted: true, IsCompletedSuccessfully: false };

    /// <summary>Takes an item if one is there now.</summary>
    internal bool TryTake([MaybeNullWhen(false)] out T item)
    {
        item = default;
        while (!IsOver)
        {
            if (_arrival is not null)
            {
                if (!_arrival.IsCompletedSuccessfully)
                {
                    return false;
                }

                IsOver = !_arrival.Result;
                _arrival = null;
            }
            else if (TryTakeNow(out item))
            {
                return true;
            }
            else
            {
                _arrival = WaitAsync();
            }
        }

        return false;
    }

    public virtual async ValueTask DisposeAsync()
    {
        if (_arrival is not null)
        {
            await ((Task)_arrival).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    protected abstract bool TryTakeNow([MaybeNullWhen(false)] out T item);

    /// <summary>Waits after <see cref="TryTakeNow"/> found nothing; <see langword="false"/> at the end.</summary>
    protected abstract Task<bool> WaitAsync();
}

/// <summary>Items of an enumeration: pulled only when there is room for them.</summary>
internal sealed class EnumerableSource<T>(IAsyncEnumerator<T> items) : ItemSource<T>
{
    private Task<bool>? _moving;
    private bool _isOnItem;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync().ConfigureAwait(false);        // an enumeration is not disposed of while it moves
        await items.DisposeAsync().ConfigureAwait(false);
    }

    protected override bool TryTakeNow([MaybeNullWhen(false)] out T item)
    {
        if (!_isOnItem)
        {
            var move = items.MoveNextAsync();
            if (!move.IsCompletedSuccessfully)
            {
                _moving = move.AsTask();
                item = default;
                return false;
            }

            if (!move.Result)
            {
                _moving = null;
                item = default;
                return false;
            }
        }

        _isOnItem = false;
        item = items.Current;
        return true;
    }

    protected override async Task<bool> WaitAsync() => _isOnItem = _moving is not null && await _moving.ConfigureAwait(false);
}

/// <summary>Items of a channel.</summary>
internal sealed class ChannelSource<T>(ChannelReader<T> reader, CancellationToken cancellationToken) : ItemSource<T>
{
    protected override bool TryTakeNow([MaybeNullWhen(false)] out T item) => reader.TryRead(out item);

    protected override Task<bool> WaitAsync() => reader.WaitToReadAsync(cancellationToken).AsTask();
}
