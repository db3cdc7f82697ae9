using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Kyberium.Crash.Tests;

/// <summary>The system calls of a real process: no answer leaves before its append was flushed. Linux, strace.</summary>
public sealed partial class FlushTraceTests : IDisposable
{
    private const int Answers = 25;

    private readonly string _folder = Directory.CreateTempSubdirectory("kyberium-trace-").FullName;

    [Fact]
    public async Task Every_answer_comes_after_a_flush_of_its_append() =>
        Assert.Empty(AnswersWithoutFlush(await TraceAsync("sync")));

    /// <summary>Goal: the test above can fail. Method: the same program over a store that does not wait for the disk.</summary>
    [Fact]
    public async Task Without_flushing_no_answer_passes() =>
        Assert.Equal(Answers, AnswersWithoutFlush(await TraceAsync("nosync")).Count);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Between one answer and the next lies one append: it must be written and, after that, flushed.</summary>
    private static List<string> AnswersWithoutFlush(string[] trace)
    {
        var missing = new List<string>();
        var flushing = new HashSet<string>();       // threads inside a flush of the journal
        var answers = 0;
        bool written = false, flushed = false;
        foreach (var line in trace)
        {
            var thread = line.Split(' ')[0];
            if (JournalWrite().IsMatch(line))
            {
                (written, flushed) = (true, false);
                flushing.Clear();       // one that began before this write does not cover it
            }
            else if (JournalFlush().IsMatch(line))
            {
                flushed |= written && line.EndsWith("= 0", StringComparison.Ordinal);
                if (line.EndsWith("<unfinished ...>", StringComparison.Ordinal))
                {
                    flushing.Add(thread);
                }
            }
            else if (FlushResumed().IsMatch(line) && flushing.Remove(thread))
            {
                flushed |= written;
            }
            else if (Answer().Match(line) is { Success: true } answer)
            {
                if (answers++ > 0 && !(written && flushed))     // before the first lie the start and the pin
                {
                    missing.Add(answer.Value);
                }

                written = flushed = false;
            }
        }

        Assert.Equal(Answers + 1, answers);
        return missing;
    }

    private async Task<string[]> TraceAsync(string sync)
    {
        var output = Path.Combine(_folder, "trace");
        var data = Path.Combine(_folder, "data");
        Process process;
        try
        {
            process = Process.Start(new ProcessStartInfo("strace",
            [
                "-f", "-y", "-o", output, "-e", "trace=fdatasync,fsync,write,pwrite64", "dotnet", "exec",
                Path.Combine(AppContext.BaseDirectory, "Kyberium.Crash.dll"), "durable", data, $"{Answers}", sync,
            ])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        }
        catch (System.ComponentModel.Win32Exception failure)
        {
            throw new InvalidOperationException("strace cannot be started; tests/setup.d/strace.sh installs it", failure);
        }

        using (process)
        {
            var printed = process.StandardOutput.ReadToEndAsync();
            var complaints = await process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(process.ExitCode == 0, $"{await printed}{complaints}");
        }

        return await File.ReadAllLinesAsync(output);
    }

    [GeneratedRegex(@" pwrite64\(\d+<[^>]*journal\.db-wal>")]
    private static partial Regex JournalWrite();

    [GeneratedRegex(@" f(data)?sync\(\d+<[^>]*journal\.db-wal>")]
    private static partial Regex JournalFlush();

    [GeneratedRegex(@"<\.\.\. f(data)?sync resumed>.*= 0$")]
    private static partial Regex FlushResumed();

    [GeneratedRegex(@" write\(\d+<[^>]*>, ""answer \d+")]
    private static partial Regex Answer();
}
