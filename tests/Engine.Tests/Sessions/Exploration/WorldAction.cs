using System.Buffers.Binary;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Exploration;

internal enum ActionKind
{
    Deliver, Drop, Duplicate, Flush, Compute, Tick, Crash, Send, Rekey, Connect, RollBack, Expire, Reset, Remove,
}

/// <summary>One choice in a world. <paramref name="Argument"/>: a packet's place, or the length a store goes back to.</summary>
internal readonly record struct WorldAction(ActionKind Kind, bool OnA, int Argument = 0)
{
    public override string ToString() => Kind switch
    {
        ActionKind.Deliver or ActionKind.Drop or ActionKind.Duplicate => $"{Kind} packet {Argument}",
        ActionKind.RollBack => $"{Kind} {(OnA ? "A" : "B")} to {Argument} facts",
        _ => $"{Kind} {(OnA ? "A" : "B")}",
    };

    internal void Run(World world, in Budget budget)
    {
        var side = OnA ? world.A : world.B;
        world.Log?.Invoke(Kind is ActionKind.Deliver or ActionKind.Drop or ActionKind.Duplicate
            ? $"{Kind} to {(world.Network[Argument].FromA ? "B" : "A")}: {world.Network[Argument]}" : ToString());
        switch (Kind)
        {
            case ActionKind.Deliver:
                world.Deliver(world.Network[Argument]);
                break;
            case ActionKind.Drop:
                world.Network.RemoveAt(Argument);
                break;
            case ActionKind.Duplicate:
                world.Deliver(world.Network[Argument], keep: true);
                break;
            case ActionKind.Flush:
                world.Flush(side);
                break;
            case ActionKind.Compute:
                world.Compute(side);
                break;
            case ActionKind.Tick:
                world.Tick(side);
                break;
            case ActionKind.Crash:
                world.Crash(side);
                break;
            case ActionKind.Send:
                Send(world, side, expiresAt: budget.Expiries > 0 ? new UnixMillis(world.Now + 1_000) : null);
                break;
            case ActionKind.Rekey:
                world.Do(side, new PeerCommand.Rekey());
                break;
            case ActionKind.Connect:
                world.Do(side, new PeerCommand.Connect(Fresh: true));
                break;
            case ActionKind.RollBack:
                world.RollBack(side, Argument, budget.RollbacksAreNoticed);
                break;
            case ActionKind.Expire:
                world.Now += 1_000;
                world.Do(side, new PeerCommand.Tick());
                break;
            case ActionKind.Reset:
                world.Do(side, new PeerCommand.ResetStream(Outgoing: OnA, Incoming: !OnA));
                break;
            case ActionKind.Remove:
                world.RemoveAndAdd(side);
                break;
            default:
                throw new InvalidOperationException($"no rule runs {Kind}");
        }
    }

    /// <summary>Sends the next of a side's messages: its payload is a number that only grows.</summary>
    internal static void Send(World world, Side side, UnixMillis? expiresAt = null)
    {
        Span<byte> id = stackalloc byte[16];
        BinaryPrimitives.WriteInt32LittleEndian(id, ++side.Sent);
        world.Do(side, new PeerCommand.Send(
            new Guid(id), IsRepeatable: true, MessageFlags.None, expiresAt, new[] { (byte)side.Sent }));
    }

    internal Budget Spend(in Budget budget) => (Kind, OnA) switch
    {
        (ActionKind.Drop, _) => budget with { Drops = budget.Drops - 1 },
        (ActionKind.Duplicate, _) => budget with { Duplicates = budget.Duplicates - 1 },
        (ActionKind.Tick, _) => budget with { Ticks = budget.Ticks - 1 },
        (ActionKind.Crash, true) => budget with { CrashesA = budget.CrashesA - 1 },
        (ActionKind.Crash, false) => budget with { CrashesB = budget.CrashesB - 1 },
        (ActionKind.Send, true) => budget with { SendsA = budget.SendsA - 1 },
        (ActionKind.Send, false) => budget with { SendsB = budget.SendsB - 1 },
        (ActionKind.Rekey, true) => budget with { RekeysA = budget.RekeysA - 1 },
        (ActionKind.Rekey, false) => budget with { RekeysB = budget.RekeysB - 1 },
        (ActionKind.Connect, true) => budget with { ConnectsA = budget.ConnectsA - 1 },
        (ActionKind.Connect, false) => budget with { ConnectsB = budget.ConnectsB - 1 },
        (ActionKind.RollBack, true) => budget with { RollbacksA = budget.RollbacksA - 1 },
        (ActionKind.RollBack, false) => budget with { RollbacksB = budget.RollbacksB - 1 },
        (ActionKind.Reset, true) => budget with { ResetsA = budget.ResetsA - 1 },
        (ActionKind.Reset, false) => budget with { ResetsB = budget.ResetsB - 1 },
        (ActionKind.Remove, true) => budget with { RemovalsA = budget.RemovalsA - 1 },
        (ActionKind.Remove, false) => budget with { RemovalsB = budget.RemovalsB - 1 },
        (ActionKind.Expire, _) => budget with { Expiries = budget.Expiries - 1 },
        _ => budget,
    };
}
