using System.Diagnostics;

namespace Kyberium.Load;

/// <summary>Times a short operation over many calls on this thread.</summary>
internal static class Repeated
{
    /// <summary>Gives microseconds of one call, a value a round.</summary>
    internal static double[] Micros(LoadOptions options, int calls, Action call) =>
        Rounds(options, calls, call, static () => Stopwatch.GetElapsedTime(0));

    /// <summary>Gives microseconds of processor time of one call, a value a round; what the runtime does meanwhile is in it.</summary>
    internal static double[] ProcessorMicros(LoadOptions options, int calls, Action call) =>
        Rounds(options, calls, call, static () => Environment.CpuUsage.TotalTime);

    private static double[] Rounds(LoadOptions options, int calls, Action call, Func<TimeSpan> clock)
    {
        calls = options.Quick ? 2 : calls;
        var rounds = new double[options.Rounds];
        for (var round = -1; round < rounds.Length; round++)        // the first round compiles
        {
            var began = clock();
            for (var i = 0; i < calls; i++)
            {
                call();
            }

            if (round >= 0)
            {
                rounds[round] = (clock() - began).TotalMicroseconds / calls;
            }
        }

        return rounds;
    }
}
