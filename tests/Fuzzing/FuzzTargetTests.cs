namespace Kyberium.Fuzzing;

/// <summary>The targets over their seeds, what searches have kept, and mutations of both from fixed seeds. The search itself: <c>run</c>.</summary>
public sealed class FuzzTargetTests
{
    private const int Rounds = 20_000;

    public static TheoryData<string> Names => [.. FuzzTarget.All.Select(target => target.Name)];

    [Fact]
    public void Every_folder_of_kept_inputs_belongs_to_a_target() => Assert.Subset(
        FuzzTarget.All.Select(target => target.Name).ToHashSet(),
        Directory.GetDirectories(FuzzTarget.Corpus).Select(folder => Path.GetFileName(folder)!).ToHashSet());

    [Fact]
    public void The_page_lists_every_target() => Assert.Equal(
        FuzzTarget.All.Select(target => target.Name),
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "docs", "fuzzing.md"))
            .Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1]));

    [Theory, MemberData(nameof(Names))]
    public void Valid_inputs_are_there_and_some_are_accepted(string name)
    {
        var target = FuzzTarget.Find(name)!;
        var seeds = target.Seeds().ToList();

        Assert.NotEmpty(seeds);
        Assert.InRange(seeds.Count(seed => target.Run(seed)), 1, seeds.Count);
    }

    [Theory, MemberData(nameof(Names))]
    public void Kept_inputs_break_no_law(string name)
    {
        var target = FuzzTarget.Find(name)!;
        foreach (var input in target.Kept())
        {
            _ = target.Run(input);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Mutations_of_valid_inputs_break_no_law(string name)
    {
        var target = FuzzTarget.Find(name)!;
        var seeds = target.Seeds().Concat(target.Kept()).Where(seed => seed.Length is > 0 and < 8_192).ToList();
        var random = new Random(1);
        for (var round = 0; round < Rounds; round++)
        {
            var mutated = Mutation.Of(seeds[random.Next(seeds.Count)], random);
            try
            {
                _ = target.Run(mutated);
            }
            catch (Exception broken)
            {
                throw new BrokenLawException($"{name}, round {round}, input {Convert.ToHexStringLower(mutated)}: {broken}");
            }
        }
    }
}
