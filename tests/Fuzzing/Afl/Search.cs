using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Kyberium.Fuzzing.Instrumentation;

namespace Kyberium.Fuzzing.Afl;

/// <summary>One search of a target by afl-fuzz over an instrumented copy of this program. A search that was stopped goes on where it was.</summary>
internal sealed class Search(FuzzTarget target, string folder)
{
    /// <summary>Gets the assemblies of the product that lie beside this program: what a target reads may be in any.</summary>
    internal static IReadOnlyList<string> Instrumented { get; } = [.. Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll")
        .Select(static file => Path.GetFileName(file))
        .Where(static name => name.StartsWith("kyberium.", StringComparison.OrdinalIgnoreCase) && name != "Kyberium.Fuzzing.dll")
        .Order(StringComparer.Ordinal)];

    private string Output => Path.Combine(folder, target.Name);

    private string Findings => Path.Combine(Output, "default", "crashes");

    internal async Task<int> RunAsync(TimeSpan time)
    {
        var program = Prepare();
        var seeds = Path.Combine(folder, target.Name + "-seeds");
        WriteSeeds(seeds);
        var goesOn = Directory.Exists(Path.Combine(Output, "default", "queue"));
        var start = new ProcessStartInfo("afl-fuzz")
        {
            ArgumentList =
            {
                "-i", goesOn ? "-" : seeds, "-o", Output, "-m", "none", "-t", "5000",
                "-V", ((long)time.TotalSeconds).ToString(CultureInfo.InvariantCulture),
                "--", "dotnet", Path.Combine(program, "Kyberium.Fuzzing.dll"), "serve", target.Name,
            },
            Environment =
            {
                ["AFL_SKIP_BIN_CHECK"] = "1",       // the program is dotnet; what it loads is instrumented
                ["AFL_SKIP_CPUFREQ"] = "1",
                ["AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES"] = "1",
                ["AFL_NO_AFFINITY"] = "1",
                ["AFL_NO_UI"] = "1",
                ["AFL_FORKSRV_INIT_TMOUT"] = "60000",
                ["DOTNET_TieredPGO"] = "0",
            },
            RedirectStandardOutput = true,
        };
        using var process = Start(start);
        var log = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            await Console.Error.WriteLineAsync(log);
            await Console.Error.WriteLineAsync($"afl-fuzz ended with {process.ExitCode}; the input it was at lies in {Path.Combine(Output, "default", ".cur_input")}");
            return 1;
        }

        return Report();
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException("afl-fuzz did not start");
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new InvalidOperationException("afl-fuzz is not there: install AFL++ (Debian: apt-get install afl++)", missing);
        }
    }

    /// <summary>Prints what the search has done so far, in all its runs.</summary>
    internal int Report()
    {
        var path = Path.Combine(Output, "default", "fuzzer_stats");
        if (!File.Exists(path))
        {
            Console.WriteLine($"{target.Name}: not searched yet");
            return 0;
        }

        var stats = File.ReadLines(path).Select(line => line.Split(':', 2)).Where(parts => parts.Length == 2)
            .ToDictionary(parts => parts[0].Trim(), parts => parts[1].Trim());
        var findings = Directory.Exists(Findings) ? Directory.GetFiles(Findings, "id*") : [];
        Console.WriteLine(
            $"{target.Name}: {stats["execs_done"]} executions in {stats["run_time"]} s, {stats["corpus_count"]} inputs, "
            + $"{stats["edges_found"]} ways, {findings.Length} findings, {stats["saved_hangs"]} hangs");
        foreach (var finding in findings)
        {
            Console.WriteLine($"  replay {target.Name} {finding}");
        }

        return findings.Length == 0 ? 0 : 1;
    }

    /// <summary>Copies what the search found beyond the seeds and the corpus, in the instrumented copy, which alone sees ways.</summary>
    internal async Task<int> KeepAsync(string destination)
    {
        var program = Prepare();
        using var copy = Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                Path.Combine(program, "Kyberium.Fuzzing.dll"), "keep-here", target.Name,
                Path.Combine(Output, "default", "queue"), Path.GetFullPath(destination),
            },
        });
        await copy.WaitForExitAsync();
        return copy.ExitCode;
    }

    /// <summary>Copies the inputs that take ways which none before them took, small ones first.</summary>
    internal static int KeepHere(FuzzTarget target, string queue, string destination)
    {
        var known = target.Seeds().Concat(target.Kept()).Count(input => Coverage.AddsWays(() => target.Run(input)));
        Directory.CreateDirectory(destination);
        var kept = 0;
        foreach (var file in Directory.GetFiles(queue, "id*").OrderBy(file => new FileInfo(file).Length).ThenBy(file => file, StringComparer.Ordinal))
        {
            var input = File.ReadAllBytes(file);
            if (Coverage.AddsWays(() => target.Run(input)))
            {
                var name = Convert.ToHexStringLower(SHA256.HashData(input))[..16] + ".bin";
                File.WriteAllBytes(Path.Combine(destination, name), input);
                kept++;
            }
        }

        Console.WriteLine($"{target.Name}: {known} inputs of the seeds and the corpus count, {kept} inputs kept");
        return 0;
    }

    /// <summary>Makes the instrumented copy of this build, once for all searches of a folder: several may run at a time.</summary>
    private string Prepare()
    {
        var program = Path.Combine(folder, "program-" + Build());
        if (Directory.Exists(program))
        {
            return program;
        }

        // Made beside its place and moved there whole: a search that starts meanwhile sees all of it or nothing.
        var making = program + "." + Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        Directory.CreateDirectory(making);
        foreach (var file in Directory.EnumerateFiles(AppContext.BaseDirectory, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(making, Path.GetRelativePath(AppContext.BaseDirectory, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy, overwrite: true);
        }

        foreach (var assembly in Instrumented)
        {
            Console.WriteLine($"{assembly}: {Instrumenter.Rewrite(Path.Combine(making, assembly))} blocks");
        }

        try
        {
            Directory.Move(making, program);
        }
        catch (IOException) when (Directory.Exists(program))
        {
            Directory.Delete(making, recursive: true);      // another search was first
        }

        return program;
    }

    /// <summary>Names this build by what its assemblies hold.</summary>
    private static string Build()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var assembly in Instrumented.Append("Kyberium.Fuzzing.dll"))
        {
            hash.AppendData(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, assembly)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    private void WriteSeeds(string seeds)
    {
        Directory.CreateDirectory(seeds);
        var number = 0;
        foreach (var seed in target.Seeds().Concat(target.Kept()).Where(seed => seed.Length > 0))
        {
            File.WriteAllBytes(Path.Combine(seeds, $"{number++:D5}"), seed);
        }
    }
}
