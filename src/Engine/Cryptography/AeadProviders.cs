namespace Kyberium.Engine.Cryptography;

/// <summary>Which provider seals for which policy on this machine. Decided once, at the start.</summary>
/// <param name="choice">What the options say.</param>
/// <param name="intrinsics">The provider over the processor's instructions; <see langword="null"/> where it has none.</param>
internal sealed class AeadProviders(AeadProviderChoice choice, AeadProvider? intrinsics)
{
    private readonly AeadProvider _demanded = intrinsics ?? AeadProvider.Platform;

    /// <summary>Gets the provider for policies that leave it open.</summary>
    internal AeadProvider Default { get; } =
        choice == AeadProviderChoice.Platform ? AeadProvider.Platform : intrinsics ?? AeadProvider.Platform;

    /// <summary>Gets whether the processor's instructions were wished for and are not there.</summary>
    internal bool HasFallenBack => choice != AeadProviderChoice.Platform && intrinsics is null;

    /// <summary>Gives the provider for a peer.</summary>
    /// <param name="policy">A policy frozen on another machine may ask for instructions that this one lacks: the platform's
    /// gives the same bytes.</param>
    internal AeadProvider For(AeadProviderChoice policy) => policy switch
    {
        AeadProviderChoice.Platform => AeadProvider.Platform,
        AeadProviderChoice.Intrinsics => _demanded,
        _ => Default,
    };
}
