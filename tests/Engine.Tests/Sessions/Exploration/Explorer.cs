using Kyberium.Engine.Tests.Sessions.Model;

namespace Kyberium.Engine.Tests.Sessions.Exploration;

/// <summary>What an exploration found.</summary>
/// <param name="States">Different states visited.</param>
/// <param name="Steps">Transitions taken, those that show a way on included.</param>
/// <param name="IsComplete">Whether everything the budget allows was visited.</param>
/// <param name="Failure">The shortest history that breaks a promise, readable; <see langword="null"/> when there is none.</param>
internal sealed record Exploration(int States, long Steps, bool IsComplete, string? Failure);

/// <summary>Visits every state that a scenario's choices lead to, shortest histories first.</summary>
internal sealed class Explorer(Scenario scenario)
{
    private readonly HashSet<(UInt128 World, Budget Budget)> _visited = [];
    private readonly WorldDigest _digest = new();
    private readonly WayOn _wayOn = new(scenario.WayOnMillisMax);
    private readonly Wishes _wishes = new();
    private long _transitions;

    private sealed record History(History? Before, WorldAction Action);

    internal Exploration Run()
    {
        var queue = new Queue<(World World, Budget Budget, History? History)>();
        var start = Start();
        queue.Enqueue((start, scenario.Budget, null));
        _visited.Add((_digest.Of(start), scenario.Budget));
        var choices = new List<(WorldAction Action, Budget Left)>();
        while (queue.TryDequeue(out var here))
        {
            if ((_wayOn.Find(here.World) ?? _wishes.Find(here.World)) is { } deadEnd)
            {
                return Failed(here.History, deadEnd);
            }

            Choices.List(here.World, here.Budget, choices);
            foreach (var (action, left) in choices)
            {
                var next = here.World.Copy();
                action.Run(next, here.Budget);
                _transitions++;
                var history = new History(here.History, action);
                if (Promises.InStores(next) is { } broken)
                {
                    return Failed(history, broken);
                }

                if (_visited.Add((_digest.Of(next), left)))
                {
                    if (_visited.Count >= scenario.StateCountMax)
                    {
                        return new Exploration(_visited.Count, _transitions + _wayOn.Steps + _wishes.Steps, false, null);
                    }

                    queue.Enqueue((next, left, history));
                }
            }
        }

        return new Exploration(_visited.Count, _transitions + _wayOn.Steps + _wishes.Steps, true, null);
    }

    private World Start()
    {
        var world = World.Create(scenario.World);
        if (scenario.StartsConnected)
        {
            WorldAction.Send(world, world.A);
            WorldAction.Send(world, world.B);
            Settle(world);
        }

        foreach (var side in new[] { world.A, world.B })
        {
            side.RollBackFloor = side.Durable.Count;
        }

        return world;
    }

    private static void Settle(World world)
    {
        while (true)
        {
            world.Flush(world.A);
            world.Flush(world.B);
            if (world.A.Computes.Count > 0)
            {
                world.Compute(world.A);
            }
            else if (world.B.Computes.Count > 0)
            {
                world.Compute(world.B);
            }
            else if (world.Network.Count > 0)
            {
                world.Deliver(world.Network[0]);
            }
            else
            {
                return;
            }
        }
    }

    private Exploration Failed(History? history, string failure)
    {
        var actions = new List<WorldAction>();
        for (var at = history; at is not null; at = at.Before)
        {
            actions.Insert(0, at.Action);
        }

        return new Exploration(_visited.Count, _transitions + _wayOn.Steps + _wishes.Steps, false, Tell(actions, failure));
    }

    /// <summary>Runs a history again and writes down what happens in it.</summary>
    private string Tell(List<WorldAction> actions, string failure)
    {
        var lines = new List<string> { $"{scenario.Name}: {failure}", $"{actions.Count} actions: {string.Join(", ", actions)}" };
        var world = Start();
        world.Log = lines.Add;
        var budget = scenario.Budget;
        foreach (var action in actions)
        {
            action.Run(world, budget);
            budget = action.Spend(budget);
        }

        if (Promises.InStores(world) is null)
        {
            lines.Add("then, with faults off:");
            new WayOn(scenario.WayOnMillisMax).Find(world, lines.Add);
        }

        return string.Join(Environment.NewLine, lines.Take(140));
    }
}
