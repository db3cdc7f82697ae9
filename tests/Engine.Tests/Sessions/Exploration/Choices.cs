using Kyberium.Engine.Tests.Sessions.Model;

namespace Kyberium.Engine.Tests.Sessions.Exploration;

/// <summary>Lists what may happen next in a world.</summary>
internal static class Choices
{
    internal static void List(World world, in Budget budget, List<(WorldAction Action, Budget Left)> choices)
    {
        choices.Clear();
        ListPackets(world, budget, choices);
        ListSide(world, world.A, budget, choices);
        ListSide(world, world.B, budget, choices);
    }

    private static void ListPackets(World world, in Budget budget, List<(WorldAction Action, Budget Left)> choices)
    {
        var (seenA, seenB) = (false, false);
        for (var i = 0; i < world.Network.Count; i++)
        {
            var fromA = world.Network[i].FromA;
            var overtakes = fromA ? seenA : seenB;
            (seenA, seenB) = (seenA || fromA, seenB || !fromA);
            if (!overtakes)
            {
                choices.Add((new WorldAction(ActionKind.Deliver, fromA, i), budget));
                Add(budget.Drops, ActionKind.Drop, fromA, budget, choices, i);
                Add(budget.Duplicates, ActionKind.Duplicate, fromA, budget, choices, i);
            }
            else if (budget.Reorders > 0)
            {
                choices.Add((new WorldAction(ActionKind.Deliver, fromA, i), budget with { Reorders = budget.Reorders - 1 }));
            }
        }
    }

    private static void ListSide(World world, Side side, in Budget budget, List<(WorldAction Action, Budget Left)> choices)
    {
        var onA = side.IsA;
        if (side.Unflushed.Count > 0)
        {
            choices.Add((new WorldAction(ActionKind.Flush, onA), budget));
        }

        if (side.Computes.Count > 0)
        {
            choices.Add((new WorldAction(ActionKind.Compute, onA), budget));
        }

        // A flush or a computation does not take minutes; an envelope may.
        var isBusy = world.A.Unflushed.Count + world.B.Unflushed.Count + world.A.Computes.Count + world.B.Computes.Count > 0;
        if (side.Deadline.Value < world.Now + (isBusy ? BusyMillisMax : DayMillis))
        {
            Add(budget.Ticks, ActionKind.Tick, onA, budget, choices);
        }

        Add(onA ? budget.CrashesA : budget.CrashesB, ActionKind.Crash, onA, budget, choices);
        Add(onA ? budget.SendsA : budget.SendsB, ActionKind.Send, onA, budget, choices);
        Add(onA ? budget.ConnectsA : budget.ConnectsB, ActionKind.Connect, onA, budget, choices);
        if (side.State.Sending is not null)
        {
            Add(onA ? budget.RekeysA : budget.RekeysB, ActionKind.Rekey, onA, budget, choices);
        }

        if (side.State.NextExpiry is not null)
        {
            Add(budget.Expiries, ActionKind.Expire, onA, budget, choices);
        }

        Add(onA ? budget.ResetsA : budget.ResetsB, ActionKind.Reset, onA, budget, choices);
        Add(onA ? budget.RemovalsA : budget.RemovalsB, ActionKind.Remove, onA, budget, choices);
        if ((onA ? budget.RollbacksA : budget.RollbacksB) > 0)
        {
            for (var length = side.RollBackFloor; length < side.Durable.Count; length++)
            {
                Add(1, ActionKind.RollBack, onA, budget, choices, length);
            }
        }
    }

    private const long DayMillis = 20L * 3_600_000;
    private const long BusyMillisMax = 100_000;

    private static void Add(
        int left, ActionKind kind, bool onA, in Budget budget, List<(WorldAction Action, Budget Left)> choices, int argument = 0)
    {
        if (left > 0)
        {
            var action = new WorldAction(kind, onA, argument);
            choices.Add((action, action.Spend(budget)));
        }
    }
}
