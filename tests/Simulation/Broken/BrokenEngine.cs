using System.Reflection;
using System.Runtime.Loader;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Kyberium.Simulation.Broken;

/// <summary>The simulator over an engine in which one place is broken: the assembly is rewritten in memory and loaded beside the sound one, so
/// that no broken line stands in the engine's source.</summary>
internal sealed class BrokenEngine : AssemblyLoadContext
{
    private const string EngineName = "Kyberium.Engine";

    private readonly byte[] _engine;
    private readonly MethodInfo _run;

    private BrokenEngine(byte[] engine)
        : base("an engine that is broken on purpose", isCollectible: true)
    {
        _engine = engine;
        _run = LoadFromAssemblyPath(typeof(Simulation).Assembly.Location).GetType(typeof(SeedEntry).FullName!, throwOnError: true)!
            .GetMethod(nameof(SeedEntry.Promise), BindingFlags.Static | BindingFlags.NonPublic)!;
    }

    /// <summary>Breaks an engine: the 64-bit number that one call gives becomes another.</summary>
    /// <param name="type">The type that holds the method, in full.</param>
    /// <param name="method">The method, which has one such call or whose first it is.</param>
    /// <param name="callee">The end of the full name of what is called: <c>Type::Method</c>.</param>
    /// <param name="value">What the number becomes.</param>
    internal static BrokenEngine With(string type, string method, string callee, long value)
    {
        using var module = ModuleDefinition.ReadModule(typeof(Kyberium.Engine.SessionEngine).Assembly.Location);
        var body = module.GetType(type).Methods.Single(candidate => candidate.Name == method).Body;
        var call = body.Instructions.First(instruction =>
            instruction.Operand is MethodReference called && $"{called.DeclaringType.FullName}::{called.Name}".EndsWith(callee, StringComparison.Ordinal));
        var (pop, push) = (Instruction.Create(OpCodes.Pop), Instruction.Create(OpCodes.Ldc_I8, value));
        var editor = body.GetILProcessor();
        editor.InsertAfter(call, pop);
        editor.InsertAfter(pop, push);

        using var written = new MemoryStream();
        module.Write(written);
        return new BrokenEngine(written.ToArray());
    }

    /// <summary>Runs a short seed over the broken engine.</summary>
    /// <returns>The promise that was seen broken, or <see langword="null"/>.</returns>
    internal string? Run(ulong seed) => (string?)_run.Invoke(null, [seed]);

    protected override Assembly? Load(AssemblyName assemblyName) =>
        assemblyName.Name == EngineName ? LoadFromStream(new MemoryStream(_engine)) : null;
}
