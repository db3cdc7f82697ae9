using System.Globalization;
using Kyberium.Crash;

// node <folder> <listen> <peer> [<step> <phase> <skip>]: a node to be killed.
// durable <folder> <count> sync|nosync: durable messages one by one, for a trace of what comes before each answer.
// run <kills> <hits of each step at least>: kills nodes that many times and reports; exit code 0 only when every message arrived once, in order
// and unchanged, and every step was hit often enough.
switch (args)
{
    case ["node", var folder, var listen, var peer, .. var aim]:
        await new CrashNode(peer, AimOf(aim)).RunAsync(folder, listen);
        return 0;
    case ["durable", var folder, var count, var sync]:
        await DurableAnswers.RunAsync(folder, int.Parse(count, CultureInfo.InvariantCulture), sync == "sync");
        return 0;
    case ["run", var kills, var atLeast]:
        return await RunAsync(int.Parse(kills, CultureInfo.InvariantCulture), int.Parse(atLeast, CultureInfo.InvariantCulture));
    default:
        await Console.Error.WriteLineAsync("usage: run <kills> <hits of each step at least>");
        return 64;
}

static StepAim? AimOf(string[] words) => words is [var kind, var phase, var skip]
    ? new StepAim(Enum.Parse<StepKind>(kind), Enum.Parse<StepPhase>(phase), int.Parse(skip, CultureInfo.InvariantCulture))
    : null;

static async Task<int> RunAsync(int kills, int atLeast)
{
    var folder = Directory.CreateTempSubdirectory("kyberium-crash-").FullName;
    var report = await new CrashRun(folder, kills, seed: 1, Console.Out).RunAsync();
    foreach (var kind in Enum.GetValues<StepKind>())
    {
        var phases = string.Join(", ", Enum.GetValues<StepPhase>().Select(phase => $"{phase} {report.Hits.GetValueOrDefault((kind, phase))}"));
        Console.WriteLine($"{kind,-12} {report.HitsOf(kind),4} kills ({phases})");
    }

    Console.WriteLine(
        $"{report.Kills} kills in {report.Elapsed.TotalSeconds:0} s; sent {report.Sent}, received {report.Received}, "
        + $"handed out again and recognised {report.Duplicates}, handed over again under their operation id {report.HandedOverAgain}");
    foreach (var problem in report.Problems)
    {
        Console.WriteLine("PROBLEM: " + problem);
    }

    var isGood = report.Problems.Count == 0 && report.Sent == report.Received && report.Kills == kills
        && Enum.GetValues<StepKind>().All(kind => report.HitsOf(kind) >= atLeast);
    Console.WriteLine(isGood ? "every message arrived once, in order and unchanged" : $"FAILED; the data lies in {folder}");
    if (isGood)
    {
        Directory.Delete(folder, recursive: true);
    }

    return isGood ? 0 : 1;
}
