namespace Kyberium.Simulation.World;

/// <summary>One thread, one virtual clock, one queue of work in seeded order. Everything in a simulation runs from <see cref="Step"/>.</summary>
internal sealed class SimulatedWorld(ulong seed) : IDisposable
{
    private const long StepsAtOneTimeMax = 200_000;
    private const int StepsBetweenLooks = 32;       // a condition may look through all that was ever sent

    private readonly PriorityQueue<Due, (long At, long Order)> _events = new();
    private readonly List<Ready> _ready = [];
    private readonly SeededChoices _order = SeededChoices.For(seed, "order");
    private readonly int _thread = Environment.CurrentManagedThreadId;
    private long _added;
    private long _movedAt;

    internal ulong Seed { get; } = seed;

    internal History History { get; } = new();

    /// <summary>Gets microseconds since the world began.</summary>
    internal long Now { get; private set; }

    internal long Steps { get; private set; }

    /// <summary>Gets or sets how often the clock moves on although there is work: threads are not always quick.</summary>
    internal double Sluggishness { get; set; }

    /// <summary>Gets the first promise seen broken; nothing runs after it.</summary>
    internal ViolationException? Violation { get; private set; }

    /// <summary>Runs something soon, after what is drawn before it; not at all when the process has ended by then.</summary>
    internal void Post(SimulatedProcess? process, Action run)
    {
        CheckThread();
        _ready.Add(new Ready(process, run));
    }

    /// <summary>Runs something at a time to come; not at all when the process has ended or it was cancelled by then.</summary>
    internal Due After(SimulatedProcess? process, long micros, Action run)
    {
        CheckThread();
        var due = new Due(process, run);
        _events.Enqueue(due, (Now + Math.Max(0, micros), _added++));
        return due;
    }

    internal void Note(string who, string what, ReadOnlySpan<byte> bytes = default)
    {
        CheckThread();
        History.Add(Now, who, what, bytes);
    }

    /// <summary>Reports a broken promise and ends what runs now.</summary>
    internal void Violate(string promise, string what)
    {
        if (Violation is null)
        {
            Note("CHECKER", $"{promise}: {what}");
            Violation = new ViolationException(promise, what);
        }
    }

    /// <summary>Runs steps until a condition is seen to hold, the time is over, or a promise is broken.</summary>
    /// <returns>Whether the condition holds.</returns>
    internal bool RunUntil(Func<bool> condition, long until)
    {
        for (var step = 0; Violation is null; step++)
        {
            if (step % StepsBetweenLooks == 0 && condition())
            {
                return true;
            }

            if (!Step(until))
            {
                return Violation is null && condition();
            }
        }

        return false;
    }

    public void Dispose() => History.Dispose();

    private void CheckThread()
    {
        if (Environment.CurrentManagedThreadId != _thread)
        {
            Violation ??= new ViolationException(
                "nothing runs outside the scheduler", $"another thread came by: {Environment.StackTrace}");
        }
    }

    private bool Step(long until)
    {
        if (++Steps - _movedAt > StepsAtOneTimeMax)
        {
            Violate("work comes to an end", $"{StepsAtOneTimeMax} steps and no time passed, by {string.Join(", ", _ready.Select(ready => ready.Process?.Name))}");
            return false;
        }

        if (_ready.Count > 0 && (_events.Count == 0 || !_order.Chance(Sluggishness)))
        {
            var index = _order.Below(_ready.Count);
            var (process, run) = _ready[index];
            _ready[index] = _ready[^1];
            _ready.RemoveAt(_ready.Count - 1);
            Run(process, run);
            return true;
        }

        if (!_events.TryPeek(out var due, out var when) || when.At > until)
        {
            Now = until;
            return false;
        }

        _events.Dequeue();
        if (!due.IsCancelled && due.Process is not { IsAlive: false })
        {
            _movedAt = when.At > Now ? Steps : _movedAt;
            Now = Math.Max(Now, when.At);
            Run(due.Process, due.Run);
        }

        return true;
    }

    private void Run(SimulatedProcess? process, Action run)
    {
        if (process is { IsAlive: false })
        {
            return;
        }

        if (process is { IsPaused: true })
        {
            process.Hold(run);
            return;
        }

        process?.Effect();
        if (process is { IsAlive: false })
        {
            return;
        }

        History.Add(Now, process?.Name ?? "world", "step");
        try
        {
            run();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            if (process is not { IsAlive: false })
            {
                Violate("no work may throw", exception.ToString());
            }
        }
    }

    /// <summary>Something that happens at a time.</summary>
    internal sealed class Due(SimulatedProcess? process, Action run)
    {
        internal SimulatedProcess? Process { get; } = process;

        internal Action Run { get; } = run;

        internal bool IsCancelled { get; set; }
    }

    private readonly record struct Ready(SimulatedProcess? Process, Action Run);
}
