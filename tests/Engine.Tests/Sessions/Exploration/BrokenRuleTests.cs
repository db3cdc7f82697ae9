using Xunit.Abstractions;

namespace Kyberium.Engine.Tests.Sessions.Exploration;

/// <summary>Shows that the explorer sees: each rule broken on purpose is found, with its shortest history.</summary>
public sealed class BrokenRuleTests(ITestOutputHelper output)
{
    public static TheoryData<string> Names => [.. BrokenRules.All.Select(broken => broken.Rule.Name)];

    private static readonly bool[] BothOrders = [true, false];

    [Theory, MemberData(nameof(Names))]
    public void A_broken_rule_is_found(string name)
    {
        var (rule, scenario) = BrokenRules.All.Single(broken => broken.Rule.Name == name);
        var failures = BothOrders
            .Select(isALower => new Explorer(scenario with
            {
                World = scenario.World with { Broken = rule, IsALower = isALower },
                StateCountMax = 20_000,
            }).Run())
            .Where(found => found.Failure is not null)
            .ToArray();
        Assert.NotEmpty(failures);
        output.WriteLine($"found after {failures[0].States} states");
        output.WriteLine(failures[0].Failure);
    }
}
