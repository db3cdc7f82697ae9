using System.Diagnostics;
using System.Globalization;
using Kyberium.Measuring;

namespace Kyberium.Curves;

/// <summary>Starts a process for each part, collects its points, writes and draws them.</summary>
internal sealed class CurvesRun(CurveOptions options, string[] arguments)
{
    private readonly PointTable _table = PointTable.Read(options.Folder, Machine.Name);

    /// <returns>The program's exit code: 1 when a part failed; what others measured is written all the same.</returns>
    internal int Run()
    {
        Directory.CreateDirectory(options.Folder);
        var failed = false;
        if (!options.DrawsOnly)
        {
            Console.WriteLine(Machine.Describe(arguments));
            Console.WriteLine(Point.Head);
            var parts = Parts().ToList();
            var watch = Stopwatch.StartNew();
            foreach (var part in parts)
            {
                failed |= !TryMeasure(part);
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{parts.Count} parts in {watch.Elapsed.TotalMinutes:F1} minutes"));
        }

        foreach (var (name, svg) in Figures.Of(_table.Points))
        {
            File.WriteAllText(Path.Combine(options.Folder, name + ".svg"), svg);
        }

        return failed ? 1 : 0;
    }

    private IEnumerable<Part> Parts()
    {
        foreach (var cores in options.Cores.Where(IsPossible).Distinct())
        {
            foreach (var mode in options.Modes)
            {
                foreach (var sessions in options.Sessions)
                {
                    if (sessions < options.CrowdMin)
                    {
                        foreach (var aead in options.Aead)
                        {
                            yield return new Part(aead, mode, cores, sessions);
                        }
                    }
                    else if (mode == Mode.Volatile && cores == options.Cores.Where(IsPossible).Max())
                    {
                        yield return new Part(options.Aead[0], mode, cores, sessions);      // its process measures each provider over one set-up
                    }
                }
            }
        }
    }

    private static bool IsPossible(int cores)
    {
        var possible = cores == Environment.ProcessorCount || (cores < Environment.ProcessorCount && ChildProcess.CanBind);
        if (!possible)
        {
            Console.Error.WriteLine($"{cores} cores are left out: this process has {Environment.ProcessorCount}, or the system does not let a process be kept to some");
        }

        return possible;
    }

    private bool TryMeasure(Part part)
    {
        var notes = new List<string>();
        try
        {
            ChildProcess.Run(part.Cores, ["--measure", part.Text, .. arguments], line =>
            {
                Console.WriteLine(line);
                if (line.StartsWith('#'))
                {
                    notes.Add(line[2..]);
                }
                else
                {
                    _table.Add(Point.Parse(line));
                }
            });
        }
        catch (InvalidOperationException failure)
        {
            Console.Error.WriteLine(failure.Message);
            return false;
        }
        finally
        {
            _table.Write(options.Folder, string.Join(' ', arguments));
        }

        if (notes.Count > 0)
        {
            File.WriteAllLines(
                Path.Combine(options.Folder, string.Create(CultureInfo.InvariantCulture, $"sessions-{part.Sessions}.txt")),
                [Machine.Describe(arguments), .. notes]);
        }

        return true;
    }
}
