using System.Reflection;

namespace Kyberium.Mutation;

/// <summary>The switch that dotnet-stryker puts into an assembly: which mutant is on, and which ones were passed.</summary>
internal sealed class MutantSwitch
{
    private readonly FieldInfo _active;
    private readonly FieldInfo _captures;
    private readonly Func<IList<int>[]> _passed;

    private MutantSwitch(Type control)
    {
        _active = control.GetField("ActiveMutant")!;
        _captures = control.GetField("CaptureCoverage")!;
        _passed = control.GetMethod("GetCoverageData")!.CreateDelegate<Func<IList<int>[]>>();
    }

    internal static MutantSwitch Of(Assembly mutated) =>
        new(mutated.GetTypes().SingleOrDefault(type => type.Name == "MutantControl")
            ?? throw new InvalidOperationException($"No mutants are in {mutated.Location}: copy the assembly that dotnet-stryker made."));

    /// <summary>Turns one mutant on and every other off; -1 turns all off.</summary>
    internal void Activate(int mutant) => _active.SetValue(null, mutant);

    internal void Capture(bool on) => _captures.SetValue(null, on);

    /// <summary>Takes the mutants passed since the last call: all of them, and those among them passed in a type's initializer.</summary>
    internal (int[] All, int[] OfInitializers) TakePassed() =>
        _passed() is [var all, var initial] ? ([.. all], [.. initial]) : throw new InvalidOperationException("No coverage was kept.");
}
