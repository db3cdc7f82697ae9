using System.Diagnostics;
using Microsoft.AspNetCore.DataProtection;

namespace Kyberium.Load;

/// <summary>ASP.NET Core Data Protection with its defaults and keys in memory.</summary>
internal static class ProtectionNeighbour
{
    /// <summary>Gives protects and unprotects a second, on this thread.</summary>
    internal static (double Protect, double Unprotect) Run(int count)
    {
        var protector = new EphemeralDataProtectionProvider().CreateProtector("Kyberium.Load");
        var payload = new byte[NeighbourRows.PayloadSize];
        var protectedPayloads = new byte[Math.Min(count, 4_096)][];
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < count; i++)
        {
            BitConverter.TryWriteBytes(payload, i % protectedPayloads.Length);
            protectedPayloads[i % protectedPayloads.Length] = protector.Protect(payload);
        }

        var protect = count / watch.Elapsed.TotalSeconds;
        watch.Restart();
        for (var i = 0; i < count; i++)
        {
            if (BitConverter.ToInt32(protector.Unprotect(protectedPayloads[i % protectedPayloads.Length])) != i % protectedPayloads.Length)
            {
                throw new InvalidOperationException("what was protected is something else now");
            }
        }

        return (protect, count / watch.Elapsed.TotalSeconds);
    }
}
