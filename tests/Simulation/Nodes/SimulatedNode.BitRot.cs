using Kyberium.Engine;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Nodes;

/// <content>Bits that flip on a machine's disk. The engine has to find them, say so, and show nothing that rests on them; its operator then puts
/// the bytes back from a mirror.</content>
internal sealed partial class SimulatedNode
{
    private (long Offset, byte[] Sound, byte[] Damaged)? _damage;

    /// <summary>Gets how often a process found flipped bits.</summary>
    internal int DamageFound { get; private set; }

    private bool IsDamaged => _damage is not null;

    /// <summary>Crashes, and comes back over a disk on which one bit of what was stored has flipped.</summary>
    internal void CrashAndRot()
    {
        if (_newerStore is null && !IsDamaged && Process is { IsAlive: true } process)
        {
            process.KillAfter(0, () =>
            {
                Crashed();
                if (Disk.Rot(_choices) is { } damage)
                {
                    _damage = damage;
                    world.Note(Name, $"a bit flipped at {damage.Offset}");
                }
            });
        }
    }

    // Whoever is told of damage acts: the process ends and the disk is repaired, whatever else it was about to do.
    private bool FindsDamage(SimulatedProcess process, Exception failure)
    {
        if (failure is EngineException { Code: EngineErrorCode.JournalCorrupt })
        {
            DamageReported(process);
            return process.DamageSeen;
        }

        return false;
    }

    private void DamageReported(SimulatedProcess process)
    {
        if (!IsDamaged || process.DamageSeen || process != Process)
        {
            return;
        }

        process.DamageSeen = true;
        world.Note(process.Name, "found damage");
        world.After(null, _choices.Between(1, scenario.RestartMicrosMax), () => process.KillAfter(0, () =>
        {
            Crashed();
            Repair();
        }));
    }

    private void Repair()
    {
        DamageFound++;
        if (_damage is { } damage)
        {
            Disk.Repair(damage.Offset, damage.Damaged, damage.Sound);
            _damage = null;
        }
    }
}
