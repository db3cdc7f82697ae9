using System.Runtime.Intrinsics;

namespace Kyberium.Engine.Cryptography.Aead;

/// <summary>How eight blocks are multiplied under one reduction; a struct for each width, so that the compiler makes a loop for each.</summary>
internal interface IGhashGroup
{
    /// <summary>Gets the width of a product in bits.</summary>
    static abstract int Width { get; }

    /// <summary>Adds eight blocks to the sum.</summary>
    /// <param name="powers">The first of <see cref="Ghash.GroupSize"/> bytes.</param>
    static abstract Vector128<ulong> Add(
        Vector128<ulong> sum, Vector128<byte> b0, Vector128<byte> b1, Vector128<byte> b2, Vector128<byte> b3,
        Vector128<byte> b4, Vector128<byte> b5, Vector128<byte> b6, Vector128<byte> b7, ref byte powers);
}
