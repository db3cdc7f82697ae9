using System.Text;

namespace Kyberium.Engine;

/// <summary>The addresses of a peer, as callers give them: checked once, where they are taken in, so that journal, snapshots and requests between nodes can hold them.</summary>
internal static class AddressBounds
{
    internal const int CountMax = 64;
    internal const int BytesMax = 2_048;

    /// <summary>Takes a copy of addresses that are in bounds.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.RequestInvalid"/>.</exception>
    internal static IReadOnlyList<string> Checked(IReadOnlyList<string> addresses)
    {
        string[] taken = [.. addresses];
        if (taken.Length > CountMax)
        {
            throw EngineErrors.AddressesTooMany(taken.Length);
        }

        foreach (var address in taken)
        {
            ArgumentNullException.ThrowIfNull(address, nameof(addresses));
            if (Encoding.UTF8.GetByteCount(address) is var bytes and > BytesMax)
            {
                throw EngineErrors.AddressTooLong(bytes);
            }
        }

        return taken;
    }
}
