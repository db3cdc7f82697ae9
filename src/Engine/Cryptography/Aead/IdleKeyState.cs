using System.Security.Cryptography;

namespace Kyberium.Engine.Cryptography.Aead;

/// <summary>Keeps one key's zeroed memory between keys, so that a flood of envelopes under unknown keys leaves no garbage on the pinned heap.</summary>
internal static class IdleKeyState
{
    private static byte[]? _idle;

    /// <summary>Gives <see cref="GcmPass.StateSize"/> pinned bytes.</summary>
    internal static byte[] Take() =>
        Interlocked.Exchange(ref _idle, null) ?? GC.AllocateUninitializedArray<byte>(GcmPass.StateSize, pinned: true);

    /// <summary>Zeroes the bytes and keeps them when none are kept.</summary>
    internal static void Return(byte[] state)
    {
        CryptographicOperations.ZeroMemory(state);
        Volatile.Write(ref _idle, state);
    }
}
