using Kyberium.Engine.Settings;
using System.Runtime.CompilerServices;

namespace Kyberium.Engine.Pipelines;

/// <summary>Turns a stream of items into a stream of results: bounded, in batches, in order.</summary>
/// <remarks>
/// It runs on its consumer's thread and starts nothing: items are pulled when results are asked for and there is room. A batch
/// is done in one go; an item that has to wait (for a session, for a reservation) keeps its place in the order and those after
/// it go on, up to the bound.
/// </remarks>
internal sealed class Pipeline<TItem, TResult>(
    PipelineSettings settings, EngineScheduler scheduler, PipelineStage<TItem, TResult> stage)
{
    /// <summary>Runs to the end of the source, or until the consumer leaves; then nothing is under way any more.</summary>
    /// <param name="open">Opens the source; the token ends its waits.</param>
    internal async IAsyncEnumerable<TResult> RunAsync(
        Func<CancellationToken, ItemSource<TItem>> open, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var age = new BatchAge(scheduler, settings.BatchAgeMax);
        var batch = new Batch<TItem, TResult>(settings, stage);
        var inFlight = new OrderedResults<TResult>(settings.InFlightMax);
        var source = open(leaving.Token);
        try
        {
            while (true)
            {
                while (inFlight.TryTake(out var result))
                {
                    yield return result;
                }

                cancellationToken.ThrowIfCancellationRequested();
                if (inFlight.Room > 0 && !source.HasFailed)
                {
                    batch.Begin(inFlight.Room);
                    batch.Fill(source);
                    if (batch.Count > 0)
                    {
                        await GatherMoreAsync(batch, source, age).ConfigureAwait(false);
                        batch.Process(inFlight, leaving.Token);
                        continue;
                    }
                }

                if (inFlight.Count == 0)
                {
                    if (source.IsOver)
                    {
                        yield break;
                    }

                    await (source.Arrival ?? Task.CompletedTask).ConfigureAwait(false);     // throws what the source threw
                }
                else if (inFlight.Awaited is { } oldest)
                {
                    // What is wrong with a source shows once everything it gave before has its result.
                    var arrival = inFlight.Room > 0 && !source.HasFailed ? source.Arrival : null;
                    await Task.WhenAny(oldest, arrival ?? oldest).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            await leaving.CancelAsync().ConfigureAwait(false);
            await inFlight.SettleAsync().ConfigureAwait(false);
            await source.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Waits for more items, until the batch is full, too old, or the source has no more.</summary>
    private async ValueTask GatherMoreAsync(Batch<TItem, TResult> batch, ItemSource<TItem> source, BatchAge age)
    {
        if (batch.IsFull || source.Arrival is null || settings.BatchAgeMax == TimeSpan.Zero)
        {
            return;
        }

        var due = age.Begin();
        while (!batch.IsFull && !source.HasFailed && source.Arrival is { } arrival)
        {
            if (await Task.WhenAny(arrival, due).ConfigureAwait(false) == due)
            {
                break;
            }

            batch.Fill(source);
        }

        age.End();
    }
}
