namespace Kyberium.Configuration.Hocon;

/// <summary>A set of configuration files cannot be used. Carries every problem found, not only the first.</summary>
public sealed class HoconException : Exception
{
    internal HoconException(IReadOnlyList<HoconProblem> problems)
        : base(Describe(problems)) => Problems = problems;

    /// <summary>Gets the problems, at least one, in the order they were found.</summary>
    public IReadOnlyList<HoconProblem> Problems { get; }

    private static string Describe(IReadOnlyList<HoconProblem> problems) =>
        problems.Count == 1
            ? problems[0].ToString()
            : $"{problems.Count} problems in the configuration:\n" + string.Join('\n', problems);
}
