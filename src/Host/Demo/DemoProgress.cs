using System.Diagnostics;

namespace Kyberium.Host.Demo;

/// <summary>Shows how far the demo is: one line that changes on a terminal, plain lines elsewhere.</summary>
internal sealed class DemoProgress(TextWriter output, bool isTerminal)
{
    private const int BarWidth = 30;
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(100);

    private long _shownAt;
    private int _tenths;
    private bool _isLineOpen;

    /// <summary>Writes a line that stays.</summary>
    internal void Say(string line)
    {
        EndLine();
        output.WriteLine(line);
    }

    /// <summary>Shows the count; as often as a reader can follow.</summary>
    internal void Show(int received, int total, int kills)
    {
        if (isTerminal)
        {
            if (received < total && Stopwatch.GetElapsedTime(_shownAt) < Pace)
            {
                return;
            }

            _shownAt = Stopwatch.GetTimestamp();
            var filled = (int)((long)BarWidth * received / total);
            output.Write($"\r[{new string('#', filled)}{new string('.', BarWidth - filled)}] {received:N0} of {total:N0} received, {kills} kills ");
            output.Flush();
            _isLineOpen = true;
            return;
        }

        var tenths = (int)(10L * received / total);
        if (tenths > _tenths)
        {
            _tenths = tenths;
            output.WriteLine($"{received:N0} of {total:N0} messages received, {kills} kills");
        }
    }

    internal void Done() => EndLine();

    private void EndLine()
    {
        if (_isLineOpen)
        {
            output.WriteLine();
            _isLineOpen = false;
        }
    }
}
