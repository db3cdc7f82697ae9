using System.Diagnostics;

namespace Kyberium.Curves;

/// <summary>Runs this program again on a number of cores.</summary>
internal static class ChildProcess
{
    /// <summary>Gets whether this system lets a process be kept to some cores.</summary>
    internal static bool CanBind => OperatingSystem.IsLinux() || OperatingSystem.IsWindows();

    /// <summary>Runs it to its end.</summary>
    /// <param name="cores">It sees and uses so many, from the first one on.</param>
    /// <param name="onLine">Gets each line of its standard output as it comes.</param>
    /// <remarks>Call it on the program's first thread: on Linux that one's affinity is what a new process inherits, whole and from its start,
    /// so that the runtime counts its cores right.</remarks>
    /// <exception cref="InvalidOperationException">It failed; what it said of that went to standard error.</exception>
    internal static void Run(int cores, IEnumerable<string> arguments, Action<string> onLine)
    {
        using var self = Process.GetCurrentProcess();
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet")
        {
            start.ArgumentList.Add("exec");
            start.ArgumentList.Add(typeof(ChildProcess).Assembly.Location);
        }

        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var child = StartOn(self, cores, start);
        while (child.StandardOutput.ReadLine() is { } line)
        {
            onLine(line);
        }

        child.WaitForExit();
        if (child.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{string.Join(' ', arguments)}' ended with code {child.ExitCode}");
        }
    }

    private static Process StartOn(Process self, int cores, ProcessStartInfo start)
    {
        if (cores == Environment.ProcessorCount || !(OperatingSystem.IsLinux() || OperatingSystem.IsWindows()))
        {
            return Process.Start(start)!;
        }

        var all = self.ProcessorAffinity;
        self.ProcessorAffinity = (nint)((1L << cores) - 1);
        try
        {
            return Process.Start(start)!;
        }
        finally
        {
            self.ProcessorAffinity = all;
        }
    }
}
