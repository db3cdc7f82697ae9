using System.Reflection;
using System.Runtime.Loader;
using Mono.Cecil;
using Mono.Cecil.Cil;
using MethodBody = Mono.Cecil.Cil.MethodBody;

namespace Kyberium.Simulation.Broken;

/// <summary>The simulator over an engine in which one place is broken: the assembly is rewritten in memory and loaded beside the sound one, so
/// that no broken line stands in the engine's source.</summary>
internal sealed class BrokenEngine : AssemblyLoadContext
{
    private const string EngineName = "Kyberium.Engine";

    private readonly byte[] _engine;
    private readonly MethodInfo _run;
    private readonly MethodInfo _runSome;

    private BrokenEngine(byte[] engine)
        : base("an engine that is broken on purpose", isCollectible: true)
    {
        _engine = engine;
        var entry = LoadFromAssemblyPath(typeof(Simulation).Assembly.Location).GetType(typeof(SeedEntry).FullName!, throwOnError: true)!;
        _run = entry.GetMethod(nameof(SeedEntry.Promise), BindingFlags.Static | BindingFlags.NonPublic)!;
        _runSome = entry.GetMethod(nameof(SeedEntry.Violation), BindingFlags.Static | BindingFlags.NonPublic)!;
    }

    /// <summary>Breaks an engine: the 64-bit number that one call gives becomes another.</summary>
    /// <param name="type">The type that holds the method, in full.</param>
    /// <param name="method">The method, which has one such call or whose first it is.</param>
    /// <param name="callee">The end of the full name of what is called: <c>Type::Method</c>.</param>
    /// <param name="value">What the number becomes.</param>
    internal static BrokenEngine With(string type, string method, string callee, long value)
    {
        using var module = Read();
        var body = BodyOf(module, type, method);
        var call = CallIn(body, callee);
        var (pop, push) = (Instruction.Create(OpCodes.Pop), Instruction.Create(OpCodes.Ldc_I8, value));
        var editor = body.GetILProcessor();
        editor.InsertAfter(call, pop);
        editor.InsertAfter(pop, push);
        return Of(module);
    }

    /// <summary>Breaks an engine: a method does nothing, and gives zero where it gives something.</summary>
    internal static BrokenEngine Without(string type, string method)
    {
        using var module = Read();
        var body = BodyOf(module, type, method);
        body.Instructions.Clear();
        body.ExceptionHandlers.Clear();
        var editor = body.GetILProcessor();
        if (body.Method.ReturnType.MetadataType != MetadataType.Void)
        {
            editor.Emit(OpCodes.Ldc_I4_0);
        }

        editor.Emit(OpCodes.Ret);
        return Of(module);
    }

    /// <summary>Breaks an engine: a method hands on, as the argument of one call, what a property of its object holds.</summary>
    internal static BrokenEngine Handing(string type, string method, string callee, string property)
    {
        using var module = Read();
        var body = BodyOf(module, type, method);
        var call = CallIn(body, callee);
        var editor = body.GetILProcessor();
        editor.InsertBefore(call, Instruction.Create(OpCodes.Pop));
        editor.InsertBefore(call, Instruction.Create(OpCodes.Ldarg_0));
        editor.InsertBefore(call, Instruction.Create(OpCodes.Call, module.GetType(type).Methods.Single(getter => getter.Name == "get_" + property)));
        return Of(module);
    }

    /// <summary>Runs a short seed with some faults over the broken engine.</summary>
    /// <returns>How a promise was broken, or <see langword="null"/>.</returns>
    internal string? Run(ulong seed, Faults faults, TimeSpan duration) => (string?)_runSome.Invoke(null, [seed, (int)faults, (int)duration.TotalSeconds]);

    private static ModuleDefinition Read() => ModuleDefinition.ReadModule(typeof(Kyberium.Engine.SessionEngine).Assembly.Location);

    private static MethodBody BodyOf(ModuleDefinition module, string type, string method) =>
        module.GetType(type).Methods.Single(candidate => candidate.Name == method).Body;

    private static Instruction CallIn(MethodBody body, string callee) => body.Instructions.First(instruction =>
        instruction.Operand is MethodReference called && $"{called.DeclaringType.FullName}::{called.Name}".EndsWith(callee, StringComparison.Ordinal));

    private static BrokenEngine Of(ModuleDefinition module)
    {
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
