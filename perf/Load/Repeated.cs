using System.Diagnostics;

namespace Kyberium.Load;

/// <summary>Times a short operation over many calls on this thread.</summary>
internal static class Repeated
{
    /// <summary>Gives microseconds of one call, a value a round.</summary>
    internal static double[] Micros(LoadOptions options, int calls, Action call)
    {
        calls = options.Quick ? 2 : calls;
        var rounds = new double[options.Rounds];
        for (var round = -1; round < rounds.Length; round++)        // the first round compiles
        {
            var began = Stopwatch.GetTimestamp();
            for (var i = 0; i < calls; i++)
            {
                call();
            }

            if (round >= 0)
            {
                rounds[round] = Stopwatch.GetElapsedTime(began).TotalMicroseconds / calls;
            }
        }

        return rounds;
    }
}
