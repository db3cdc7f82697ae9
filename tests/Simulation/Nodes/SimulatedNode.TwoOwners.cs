using Kyberium.Engine;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Nodes;

/// <content>A process that stands still while another takes over its store, and then goes on: the store's fences have to keep it from writing, and
/// so from saying that anything was done.</content>
internal sealed partial class SimulatedNode
{
    private SimulatedProcess? _deposed;

    /// <summary>Gets how many processes came back to a store that another had taken over.</summary>
    internal int Comebacks { get; private set; }

    /// <summary>Gets or sets what a process does that comes back and knows nothing of its successor.</summary>
    internal Action<SimulatedNode, SimulatedProcess, SessionEngine> CameBack { get; set; } = (_, _, _) => { };

    /// <summary>Lets the process stand still, another start over the same store, and the first go on some time after that.</summary>
    internal void PauseAndReplace(long micros)
    {
        // One that acquires just then would take the store back: in a cluster the lease refuses it, here nothing does.
        if (_deposed is not null || _placement is not { IsSteady: true } || _newerStore is not null
            || Process is not { IsAlive: true, IsDoomed: false, DamageSeen: false } process || Engine is not { } engine)
        {
            return;
        }

        process.Pause();
        _placement!.Depose();
        (_deposed, Process, Engine) = (process, null, null);
        world.Note(process.Name, "stands still; another process takes over its store");
        world.After(null, _choices.Between(1_000, scenario.RestartMicrosMax), Start);
        world.After(null, scenario.RestartMicrosMax + micros, () => ComeBack(process, engine));
    }

    private void ComeBack(SimulatedProcess process, SessionEngine engine)
    {
        const long Stay = 30_000_000;
        if (_deposed == process && process.IsAlive)
        {
            Comebacks++;
            world.Note(process.Name, "goes on");
            process.Resume();
            CameBack(this, process, engine);
            world.After(null, Stay, () => Dismiss(process));
        }
    }

    private void Dismiss(SimulatedProcess process)
    {
        if (_deposed == process)
        {
            process.Exit();
            _deposed = null;
        }
    }

    // Wherever it meets its successor, in a commit or in what that wrote, it says that it is no longer the owner and nothing else.
    private bool IsDeposed(SimulatedProcess process, Exception failure) =>
        process == _deposed && failure is EngineException { Code: EngineErrorCode.ShardFenced };
}
