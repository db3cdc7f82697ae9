using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;

namespace Kyberium.Fuzzing.Instrumentation;

/// <summary>Rewrites an assembly so that each basic block begins by naming itself to <see cref="Coverage"/>.</summary>
/// <remarks>Blocks are numbered by their method's name and place, so that the same code gets the same numbers in every build.</remarks>
internal static class Instrumenter
{
    internal static int Rewrite(string path)
    {
        var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(Path.GetDirectoryName(path));
        resolver.AddSearchDirectory(Path.GetDirectoryName(typeof(object).Assembly.Location));
        using var module = ModuleDefinition.ReadModule(path, new ReaderParameters { InMemory = true, AssemblyResolver = resolver });
        var enter = module.ImportReference(typeof(Coverage).GetMethod(nameof(Coverage.Enter)));
        var blocks = module.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody)
            .Sum(method => Rewrite(method, enter));
        module.Write(path);
        return blocks;
    }

    private static int Rewrite(MethodDefinition method, MethodReference enter)
    {
        var body = method.Body;
        body.SimplifyMacros();      // short branches would not reach any more
        var leaders = Leaders(body);
        var moved = new Dictionary<Instruction, Instruction>();
        var editor = body.GetILProcessor();
        for (var i = 0; i < leaders.Count; i++)
        {
            var number = Instruction.Create(OpCodes.Ldc_I4, BlockOf(method, i));
            editor.InsertBefore(leaders[i], number);
            editor.InsertBefore(leaders[i], Instruction.Create(OpCodes.Call, enter));
            moved.Add(leaders[i], number);
        }

        Redirect(body, moved);
        body.OptimizeMacros();
        return leaders.Count;
    }

    private static List<Instruction> Leaders(MethodBody body)
    {
        var leaders = new HashSet<Instruction> { body.Instructions[0] };
        foreach (var instruction in body.Instructions)
        {
            switch (instruction.Operand)
            {
                case Instruction target:
                    leaders.Add(target);
                    break;
                case Instruction[] targets:
                    leaders.UnionWith(targets);
                    break;
                default:
                    break;
            }

            if (instruction.OpCode.FlowControl == FlowControl.Cond_Branch && instruction.Next is { } next)
            {
                leaders.Add(next);
            }
        }

        foreach (var handler in body.ExceptionHandlers)
        {
            leaders.Add(handler.HandlerStart);
            if (handler.FilterStart is { } filter)
            {
                leaders.Add(filter);
            }
        }

        return [.. body.Instructions.Where(leaders.Contains)];
    }

    private static void Redirect(MethodBody body, Dictionary<Instruction, Instruction> moved)
    {
        Instruction? Of(Instruction? target) => target is not null && moved.TryGetValue(target, out var first) ? first : target;
        foreach (var instruction in body.Instructions)
        {
            instruction.Operand = instruction.Operand switch
            {
                Instruction target => Of(target),
                Instruction[] targets => Array.ConvertAll(targets, target => Of(target)!),
                var other => other,
            };
        }

        foreach (var handler in body.ExceptionHandlers)
        {
            handler.TryStart = Of(handler.TryStart);
            handler.TryEnd = Of(handler.TryEnd);
            handler.HandlerStart = Of(handler.HandlerStart);
            handler.HandlerEnd = Of(handler.HandlerEnd);
            handler.FilterStart = Of(handler.FilterStart);
        }
    }

    // FNV-1a over the name, then the block's place in the method.
    private static int BlockOf(MethodDefinition method, int place)
    {
        var hash = 2_166_136_261u;
        foreach (var character in method.FullName)
        {
            hash = (hash ^ character) * 16_777_619;
        }

        hash = (hash ^ (uint)place) * 16_777_619;
        return (int)((hash ^ (hash >> 16)) % Coverage.MapSize);
    }
}
