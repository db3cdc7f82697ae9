using System.Reflection;
using System.Runtime.Loader;
using Xunit.Sdk;

namespace Kyberium.Mutation;

/// <summary>The tests of one assembly and the switch of the mutants in the assembly that they test.</summary>
internal sealed class TestAssembly
{
    private const string Name = "Kyberium.Engine.Tests.dll";
    private const string Mutated = "Kyberium.Engine.dll";

    private TestAssembly(MutantSwitch mutants, IReadOnlyList<TestCase> tests) => (Mutants, Tests) = (mutants, tests);

    internal MutantSwitch Mutants { get; }

    internal IReadOnlyList<TestCase> Tests { get; }

    internal static TestAssembly Load(string folder)
    {
        var path = Path.GetFullPath(folder);
        AppContext.SetData("APP_CONTEXT_BASE_DIRECTORY", path + Path.DirectorySeparatorChar);     // where the tests' own files lie
        AssemblyLoadContext.Default.Resolving += (context, name) =>
            Path.Join(path, $"{name.Name}.dll") is var file && File.Exists(file) ? context.LoadFromAssemblyPath(file) : null;
        var mutated = AssemblyLoadContext.Default.LoadFromAssemblyPath(Path.Join(path, Mutated));
        var tests = AssemblyLoadContext.Default.LoadFromAssemblyPath(Path.Join(path, Name));
        return new TestAssembly(MutantSwitch.Of(mutated), [.. Find(tests)]);
    }

    private static IEnumerable<TestCase> Find(Assembly assembly) =>
        from type in assembly.GetTypes()
        where type is { IsClass: true, IsAbstract: false }
        from method in type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static)
        where method.GetCustomAttribute<Xunit.FactAttribute>() is { Skip: null }
        from test in Cases(type, method)
        select test;

    private static IEnumerable<TestCase> Cases(Type type, MethodInfo method)
    {
        var rows = method.GetCustomAttributes<DataAttribute>().SelectMany(data => data.GetData(method)).ToList();
        if (method.GetCustomAttribute<Xunit.TheoryAttribute>() is null)
        {
            rows = [[]];
        }

        // The place stands for the row: what a row prints need not be unique, nor the same in another process.
        return rows.Select((row, place) => new TestCase($"{type.FullName}.{method.Name}#{place}", type, method, row));
    }
}
