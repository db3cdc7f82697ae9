using Kyberium.Engine.Tests.Sessions.Model;
using Xunit.Abstractions;

namespace Kyberium.Engine.Tests.Sessions.Exploration;

/// <summary>
/// Every history of two real machines within a budget of faults, with symbolic cryptography. Goal: no record is sealed
/// that the other side cannot open, nothing is acknowledged before it is durable, nothing is accepted twice or out of
/// order, and from every state there is a way on. A failure prints the shortest history.
/// </summary>
public sealed class ExplorationTests(ITestOutputHelper output)
{
    public static TheoryData<string, bool> Names
    {
        get
        {
            var data = new TheoryData<string, bool>();
            foreach (var name in Scenarios.All.Keys)
            {
                data.Add(name, true);
                data.Add(name, false);
            }

            return data;
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Every_history_keeps_the_promises(string name, bool isALower)
    {
        var scenario = Scenarios.All[name];
        var found = new Explorer(scenario with { World = scenario.World with { IsALower = isALower } }).Run();
        output.WriteLine($"{name}: {found.States} states, {found.Steps} steps, complete: {found.IsComplete}");
        Assert.True(found.Failure is null, found.Failure);
        Assert.True(found.States > 10, "an exploration that visits nothing shows nothing");
    }
}
