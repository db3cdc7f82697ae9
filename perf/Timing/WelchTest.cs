namespace Kyberium.Timing;

/// <summary>Whether two samples have different means: Welch's t, from running means and variances (Welford).</summary>
internal sealed class WelchTest
{
    private readonly double[] _count = new double[2];
    private readonly double[] _mean = new double[2];
    private readonly double[] _squares = new double[2];

    internal void Add(int group, double value)
    {
        _count[group]++;
        var delta = value - _mean[group];
        _mean[group] += delta / _count[group];
        _squares[group] += delta * (value - _mean[group]);
    }

    /// <summary>Gets Welch's t; 0 while a sample has fewer than two values or nothing varies.</summary>
    internal double T
    {
        get
        {
            if (_count[0] < 2 || _count[1] < 2)
            {
                return 0;
            }

            var spread = (_squares[0] / (_count[0] - 1) / _count[0]) + (_squares[1] / (_count[1] - 1) / _count[1]);
            return spread == 0 ? 0 : (_mean[0] - _mean[1]) / Math.Sqrt(spread);
        }
    }
}
