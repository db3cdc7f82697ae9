using System.Diagnostics;

namespace Kyberium.Measuring;

/// <summary>Calls at times that do not depend on how the called one keeps up; a latency runs from when a call was due.</summary>
/// <remarks>Calls come at random, as of many callers that know nothing of each other (a Poisson process per dispatching thread).</remarks>
/// <param name="Pace">How dispatchers wait for the next call.</param>
/// <param name="InFlightMax">How many calls may be unanswered; further ones are made late, and their latency shows it.</param>
internal sealed record OpenLoop(Pace Pace, int InFlightMax)
{
    /// <summary>Gets how much longer than asked a run goes on to make calls that are late, as a share of its time. What was due and is not made
    /// after that counts as waiting until then.</summary>
    internal double OverrunMax { get; init; } = 1;

    private static readonly double TicksPerSecond = Stopwatch.Frequency;

    /// <summary>Runs one load.</summary>
    /// <param name="call">Gets a number from 0 up, each once.</param>
    /// <param name="rate">Calls a second, of all dispatchers.</param>
    /// <param name="seconds">How long.</param>
    /// <exception cref="InvalidOperationException">A call failed.</exception>
    internal async Task<OpenLoopResult> RunAsync(Func<int, ValueTask> call, double rate, double seconds)
    {
        // Calls of a spinning pace run on their dispatcher; those of a sleeping one elsewhere, so that one wakes for all.
        var dispatchers = Pace == Pace.Spinning ? Math.Min(2, Environment.ProcessorCount) : 1;
        var run = new Run(call, rate / dispatchers, Math.Max(1, (int)(rate * seconds / dispatchers)), dispatchers, seconds * (1 + OverrunMax));
        await Task.WhenAll(Enumerable.Range(0, dispatchers).Select(number => Task.Factory.StartNew(
            () => Dispatch(run, number), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
        while (Volatile.Read(ref run.InFlight) > 0)
        {
            await Task.Delay(1);
        }

        return run.Failure is { } failure
            ? throw new InvalidOperationException("a call failed under load", failure)
            : new OpenLoopResult(rate, run.Answered.Sum() / Stopwatch.GetElapsedTime(run.Began).TotalSeconds, LatencyHistogram.Sum(run.Latencies));
    }

    /// <summary>The highest rate: so many callers, each calling again as soon as it is answered, and once at least.</summary>
    internal static async Task<double> PeakAsync(Func<int, ValueTask> call, int callers, double seconds)
    {
        var next = -1;
        var began = Stopwatch.GetTimestamp();
        var ends = began + (long)(seconds * TicksPerSecond);
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            do
            {
                await call(Interlocked.Increment(ref next));
            }
            while (Stopwatch.GetTimestamp() < ends);
        })));
        return (next + 1) / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private void Dispatch(Run run, int first)
    {
        var random = new Random(first);
        var latencies = run.Latencies[first];       // its own: counters of two threads in one line of memory cost more than what they count
        double due = run.Began;
        long answered = 0;
        for (var i = 0; i < run.Count && Volatile.Read(ref run.Failure) is null; i++)
        {
            due += -Math.Log(1 - random.NextDouble()) / run.Rate * TicksPerSecond;
            while (Stopwatch.GetTimestamp() < Math.Min(due, run.Ends) || (Volatile.Read(ref run.InFlight) >= InFlightMax && Stopwatch.GetTimestamp() < run.Ends))
            {
                Wait();
            }

            if (Stopwatch.GetTimestamp() >= run.Ends)
            {
                latencies.Add(Nanoseconds(due));
                continue;
            }

            var task = run.Call(first + (i * run.Step));
            if (task.IsCompletedSuccessfully)
            {
                latencies.Add(Nanoseconds(due));
                answered++;
            }
            else
            {
                Interlocked.Increment(ref run.InFlight);
                _ = WatchAsync(task, due, first, run);
            }
        }

        Interlocked.Add(ref run.Answered[first], answered);
    }

    private void Wait()
    {
        if (Pace == Pace.Spinning)
        {
            Thread.Yield();
        }
        else
        {
            Thread.Sleep(1);
        }
    }

    private static async Task WatchAsync(ValueTask task, double due, int dispatcher, Run run)
    {
        try
        {
            await task;
            run.Latencies[dispatcher].Add(Nanoseconds(due));
            Interlocked.Increment(ref run.Answered[dispatcher]);
        }
#pragma warning disable CA1031 // Kept, and thrown by the run: a call nobody waits for must not end in silence.
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref run.Failure, failure, null);
        }
#pragma warning restore CA1031
        finally
        {
            Interlocked.Decrement(ref run.InFlight);
        }
    }

    private static long Nanoseconds(double due) => (long)((Stopwatch.GetTimestamp() - due) * 1e9 / TicksPerSecond);

    private sealed class Run(Func<int, ValueTask> call, double rate, int count, int step, double seconds)
    {
        internal int InFlight;
        internal Exception? Failure;

        internal Func<int, ValueTask> Call => call;

        internal double Rate => rate;

        internal int Count => count;

        internal int Step => step;

        internal long Began { get; } = Stopwatch.GetTimestamp();

        internal long Ends => Began + (long)(seconds * TicksPerSecond);

        internal LatencyHistogram[] Latencies { get; } = [.. Enumerable.Range(0, step).Select(_ => new LatencyHistogram())];

        internal long[] Answered { get; } = new long[step];
    }
}

/// <summary>How a dispatcher waits until a call is due.</summary>
internal enum Pace
{
    /// <summary>It keeps its core: to the microsecond. For calls that end on the caller's thread.</summary>
    Spinning,

    /// <summary>It wakes each millisecond and makes what came due, so that the core is the called one's. Up to 1.1 ms of each latency is this.</summary>
    Sleeping,
}

/// <summary>What one load gave.</summary>
/// <param name="Asked">Calls a second that were due.</param>
/// <param name="Achieved">Calls a second that were answered.</param>
/// <param name="Latencies">From when each was due until it was answered.</param>
internal sealed record OpenLoopResult(double Asked, double Achieved, LatencyHistogram Latencies);
