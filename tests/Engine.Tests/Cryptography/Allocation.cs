namespace Kyberium.Engine.Tests.Cryptography;

internal static class Allocation
{
    private const int Calls = 200;

    /// <summary>Bytes the current thread allocates per call, after warming up.</summary>
    internal static long PerCall(Action action)
    {
        for (var i = 0; i < Calls; i++)
        {
            action();
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < Calls; i++)
        {
            action();
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / Calls;
    }
}
