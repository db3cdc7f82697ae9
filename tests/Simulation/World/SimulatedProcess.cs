using Kyberium.Engine;
using Kyberium.Engine.Wire;

namespace Kyberium.Simulation.World;

/// <summary>One run of an engine: its scheduler, its clock and its end. Once killed nothing of it has any effect.</summary>
internal sealed class SimulatedProcess : EngineScheduler
{
    private readonly SimulatedWorld _world;
    private long? _effectsLeft;
    private Action? _killed;
    private List<Action>? _held;

    internal SimulatedProcess(SimulatedWorld world, string name, Func<long> wallOffset, long monotonicOffset, int driftPpm, Func<TimeProvider, TimeProvider>? wrapTime = null)
    {
        _world = world;
        Name = name;
        TimeProvider time = new SimulatedTime(world, this, wallOffset, monotonicOffset, driftPpm);
        Time = wrapTime?.Invoke(time) ?? time;
    }

    internal string Name { get; }

    internal bool IsAlive { get; private set; } = true;

    /// <summary>Gets whether the process dies at one of its next effects.</summary>
    internal bool IsDoomed => _effectsLeft is not null;

    internal bool IsPaused => _held is not null;

    /// <summary>Gets or sets whether the process said that what it stores is damaged.</summary>
    internal bool DamageSeen { get; set; }

    /// <summary>Gets or sets whether something that was done to the process's machine explains a failure that would be a defect otherwise.</summary>
    internal Func<Exception, bool> Explains { get; set; } = _ => false;

    /// <summary>Gets or sets the protocol versions that it announces in handshakes.</summary>
    internal VersionRange Versions { get; set; } = VersionRange.Spoken;

    internal bool SpeaksThisVersion => Versions.Contains(EnvelopeHeader.Version);

    internal override TimeProvider Time { get; }

    internal override TaskCreationOptions Completion => TaskCreationOptions.None;

    internal override void Post(Action<object?> work, object? state)
    {
        if (Effect())
        {
            _world.Post(this, () => work(state));
        }
    }

    /// <summary>Counts one thing this process does to the world; the one it was to die before does not happen.</summary>
    /// <returns>Whether it happens.</returns>
    internal bool Effect()
    {
        if (IsAlive && _effectsLeft is { } left && (_effectsLeft = left - 1) < 0)
        {
            Kill();
        }

        return IsAlive;
    }

    /// <summary>Lets the process die after a number of further effects, wherever in its code that is.</summary>
    internal void KillAfter(long effects, Action killed)
    {
        if (IsAlive && _effectsLeft is null)
        {
            _effectsLeft = effects;
            _killed = killed;
        }
    }

    /// <summary>Stands still: what comes due waits.</summary>
    internal void Pause() => _held ??= [];

    /// <summary>Keeps a step of a process that stands still.</summary>
    internal void Hold(Action run) => _held!.Add(run);

    /// <summary>Goes on, with all that has come due meanwhile.</summary>
    internal void Resume()
    {
        var held = _held ?? [];
        _held = null;
        held.ForEach(run => _world.Post(this, run));
    }

    internal void Kill()
    {
        if (IsAlive)
        {
            IsAlive = false;
            _world.Note(Name, "killed");
            _killed?.Invoke();
        }
    }

    /// <summary>Ends the process after it stopped by itself.</summary>
    internal void Exit() => IsAlive = false;
}
