using System.Buffers;

namespace Kyberium.Engine.Cryptography;

/// <summary>Shows every secret as it is made to whoever watches this thread: a simulator then looks for the bytes in files, frames and
/// logs, where they must not be.</summary>
/// <remarks>Nothing but a test sets it, and it holds for one thread. What is seen: contents of <see cref="SecretBytes"/>, keys of
/// AES-GCM, chaining keys of handshakes.</remarks>
internal static class SecretObservation
{
    [ThreadStatic]
    private static ReadOnlySpanAction<byte, object?>? _observer;

    /// <summary>Lets this thread's secrets be seen; <see langword="null"/> ends it. The bytes belong to whoever made them and may be kept only
    /// to look for them elsewhere.</summary>
    internal static void Watch(ReadOnlySpanAction<byte, object?>? observer) => _observer = observer;

    internal static void See(ReadOnlySpan<byte> secret) => _observer?.Invoke(secret, null);
}
