using System.Diagnostics;

namespace Kyberium.Curves;

/// <summary>Calls at times that do not depend on how the called one keeps up; a latency runs from when a call was due.</summary>
/// <remarks>Calls come at random, as of many callers that know nothing of each other (a Poisson process per dispatching thread).</remarks>
internal static class OpenLoop
{
    private const int InFlightMax = 100_000;
    private static readonly double TicksPerSecond = Stopwatch.Frequency;

    /// <summary>Runs one load.</summary>
    /// <param name="call">Gets a number from 0 up.</param>
    /// <param name="rate">Calls a second, of all dispatchers.</param>
    /// <param name="seconds">How long.</param>
    internal static async Task<OpenLoopResult> RunAsync(Func<int, ValueTask> call, double rate, double seconds)
    {
        var histogram = new LatencyHistogram();
        var state = new State();
        var began = Stopwatch.GetTimestamp();
        var count = (int)(rate * seconds);
        var dispatchers = Math.Min(2, Environment.ProcessorCount);
        await Task.WhenAll(Enumerable.Range(0, dispatchers).Select(number => Task.Factory.StartNew(
            () => Dispatch(call, histogram, state, began, rate / dispatchers, count / dispatchers, number, dispatchers),
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        while (Volatile.Read(ref state.InFlight) > 0)
        {
            await Task.Delay(1);
        }

        if (state.Failure is { } failure)
        {
            throw new InvalidOperationException("a call failed under load", failure);
        }

        return new OpenLoopResult(rate, histogram.Count / Stopwatch.GetElapsedTime(began).TotalSeconds, histogram);
    }

    /// <summary>The highest rate: so many callers, each calling again as soon as it is answered.</summary>
    internal static async Task<double> PeakAsync(Func<int, ValueTask> call, int callers, double seconds)
    {
        var next = -1;
        var ends = Stopwatch.GetTimestamp() + (long)(seconds * TicksPerSecond);
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            while (Stopwatch.GetTimestamp() < ends)
            {
                await call(Interlocked.Increment(ref next));
            }
        })));
        return (next + 1) / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static void Dispatch(
        Func<int, ValueTask> call, LatencyHistogram histogram, State state, long began, double rate, int count, int first, int step)
    {
        var random = new Random(first);
        double due = began;
        for (var i = 0; i < count; i++)
        {
            due += -Math.Log(1 - random.NextDouble()) / rate * TicksPerSecond;
            while (Stopwatch.GetTimestamp() < due || Volatile.Read(ref state.InFlight) >= InFlightMax)
            {
                Thread.Yield();
            }

            var task = call(first + (i * step));
            if (task.IsCompletedSuccessfully)
            {
                histogram.Add(Nanoseconds(due));
            }
            else
            {
                Interlocked.Increment(ref state.InFlight);
                _ = WatchAsync(task, due, histogram, state);
            }
        }
    }

    private static async Task WatchAsync(ValueTask task, double due, LatencyHistogram histogram, State state)
    {
        try
        {
            await task;
            histogram.Add(Nanoseconds(due));
        }
#pragma warning disable CA1031 // Kept, and thrown by the run: a call nobody waits for must not end in silence.
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref state.Failure, failure, null);
        }
#pragma warning restore CA1031
        finally
        {
            Interlocked.Decrement(ref state.InFlight);
        }
    }

    private static long Nanoseconds(double due) => (long)((Stopwatch.GetTimestamp() - due) * 1e9 / TicksPerSecond);

    private sealed class State
    {
        internal int InFlight;
        internal Exception? Failure;
    }
}

/// <summary>What one load gave.</summary>
/// <param name="Asked">Calls a second that were due.</param>
/// <param name="Achieved">Calls a second that were answered.</param>
/// <param name="Latencies">From when each was due until it was answered.</param>
internal sealed record OpenLoopResult(double Asked, double Achieved, LatencyHistogram Latencies);
