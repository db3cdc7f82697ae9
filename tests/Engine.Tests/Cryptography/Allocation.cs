namespace Kyberium.Engine.Tests.Cryptography;

internal static class Allocation
{
    private const int Calls = 200;
    private const int Attempts = 5;

    /// <summary>Bytes the current thread allocates per call, after warming up. The least of a few attempts: a collection that another
    /// test causes counts what is left of this thread's allocation buffer.</summary>
    internal static long PerCall(Action action)
    {
        for (var i = 0; i < Calls; i++)
        {
            action();
        }

        var least = long.MaxValue;
        for (var attempt = 0; attempt < Attempts && least > 0; attempt++)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < Calls; i++)
            {
                action();
            }

            least = Math.Min(least, (GC.GetAllocatedBytesForCurrentThread() - before) / Calls);
        }

        return least;
    }
}
