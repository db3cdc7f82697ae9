using Kyberium.Engine.Cryptography.Aead;

namespace Kyberium.Engine.Cryptography;

/// <summary>Makes keyed AES-256-GCM instances; which implementation is chosen by object.</summary>
internal abstract class AeadProvider
{
    /// <summary>Gets the provider over the platform's AES-GCM.</summary>
    internal static AeadProvider Platform { get; } = new PlatformAeadProvider();

    /// <summary>Gets every provider over the processor's instructions that runs here, the narrowest product first.</summary>
    internal static IReadOnlyList<AeadProvider> IntrinsicWidths { get; } = [.. FindWidths()];

    /// <summary>Gets the provider over the processor's instructions, or <see langword="null"/> where it has none.</summary>
    internal static AeadProvider? Intrinsics { get; } = IntrinsicWidths.Count == 0 ? null : IntrinsicWidths[^1];

    /// <summary>Gets a name for logs.</summary>
    internal abstract string Name { get; }

    /// <summary>Keys an instance.</summary>
    /// <param name="key">Exactly 32 secret bytes; they are copied, the caller zeroes its own.</param>
    /// <exception cref="ArgumentException">The key is not 32 bytes long (caller's bug).</exception>
    internal abstract AeadKey CreateKey(ReadOnlySpan<byte> key);

    private static IEnumerable<AeadProvider> FindWidths()
    {
        if (!ProcessorInstructions.IsSupported)
        {
            yield break;
        }

        yield return new IntrinsicAeadProvider<GhashGroup128>();
        if (GhashGroup256.IsSupported)
        {
            yield return new IntrinsicAeadProvider<GhashGroup256>();
        }
    }

    private sealed class PlatformAeadProvider : AeadProvider
    {
        internal override string Name => "platform";

        internal override AeadKey CreateKey(ReadOnlySpan<byte> key)
        {
            SecretObservation.See(key);
            return new PlatformAeadKey(key);
        }
    }

    private sealed class IntrinsicAeadProvider<TGroup> : AeadProvider
        where TGroup : struct, IGhashGroup
    {
        internal override string Name => $"intrinsics, {TGroup.Width}-bit products";

        internal override AeadKey CreateKey(ReadOnlySpan<byte> key)
        {
            SecretObservation.See(key);
            return new IntrinsicAeadKey<TGroup>(key);
        }
    }
}
