using Kyberium.Simulation.Checkers;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Nodes;

/// <content>What becomes of a machine's store as a whole, and what its wall clock has shown.</content>
internal sealed partial class SimulatedNode
{
    private readonly List<(long At, long Offset)> _clockSettings = [];
    private int _stores = 1;
    private int _histories = 1;
    private bool _accepts;
    private bool _acceptsNext;
    private bool _goesOnFromOlder;

    /// <summary>Gets or sets who hears of the audit events of every process.</summary>
    internal AuditLedger? Audit { get; set; }

    /// <summary>Gets which history of the store this is: a lost store begins another, and so does an older copy that is gone on from.</summary>
    internal int History => _histories;

    /// <summary>Gets or sets what hears, before the next process starts, that its store is gone or an older one.</summary>
    internal Action<SimulatedNode, bool> StoreChanged { get; set; } = (_, _) => { };

    /// <summary>Gets the keyring, for a checker that reads the store as whoever has both.</summary>
    internal SimulatedKeyring Keyring => _keyring;

    /// <summary>Gets the wall clock: microseconds since the world began, as this machine has it.</summary>
    internal long WallMicros => world.Now + _wallOffset;

    /// <summary>Gives since when the wall clock has shown a time or a later one without a break.</summary>
    internal long? PassedSince(long wallMicros)
    {
        long? since = null;
        var (from, offset) = (0L, 0L);
        foreach (var (until, next) in _clockSettings.Append((world.Now, _wallOffset)))
        {
            var reached = Math.Max(from, wallMicros - offset);
            since = reached > until ? null : reached > from ? reached : since ?? from;
            (from, offset) = (until, next);
        }

        return since;
    }

    /// <summary>Loses its disk and its keyring, and comes back with new ones: another identity, no peers.</summary>
    internal void LoseEverything()
    {
        if (Process is { IsAlive: true } process && _newerStore is null)
        {
            process.KillAfter(0, () =>
            {
                Crashed();
                Disk.CutTo(0);
                _keyring = new SimulatedKeyring(SeededChoices.For(world.Seed, $"keyring {Name} {++_stores}"));
                frames.Secrets.Add(MasterKey);
                _copies.Clear();
                _checkpointedBy = 0;
                _goesOnFromOlder = _acceptsNext = false;
                _histories++;
                world.Note(Name, "lost its disk and its keyring");
                StoreChanged(this, false);
            });
        }
    }

    /// <summary>As <see cref="CrashOntoOlderStore"/>, and its operator goes on from the copy: the newer store is lost for good.</summary>
    internal void AcceptOlderStore()
    {
        if (_newerStore is null)
        {
            CrashOntoOlderStore();
            _accepts = Process is { IsAlive: true };
        }
    }

    // A start that was accepted may crash before the keyring knows of it: then the next is refused and accepted once more.
    private bool AcceptsOlder()
    {
        if (_newerStore is null ? !_goesOnFromOlder : !_accepts)
        {
            return false;
        }

        if (_newerStore is not null)
        {
            _copies.RemoveAll(copy => copy.Length > Disk.Written.Length);
        }

        _newerStore = null;
        _accepts = false;
        _goesOnFromOlder = true;
        _acceptsNext = true;
        _histories++;
        StoreChanged(this, true);
        return true;
    }

    // Once: the next start is one like any other, and may be refused again.
    private bool TakeAcceptance()
    {
        var accepts = _acceptsNext;
        _acceptsNext = false;
        return accepts;
    }
}
