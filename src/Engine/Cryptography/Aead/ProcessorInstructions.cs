using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;
using X86Multiply = System.Runtime.Intrinsics.X86.Pclmulqdq;

namespace Kyberium.Engine.Cryptography.Aead;

/// <summary>One AES round and one carry-less product, as this processor's instructions. Their time does not depend on operands.</summary>
/// <remarks>The Arm forms are compiled and were never run: <see cref="IsSupported"/> leaves them out until they were.</remarks>
internal static class ProcessorInstructions
{
    /// <summary>Gets whether this processor has the instructions and this code was tested on its kind.</summary>
    internal static bool IsSupported => X86Aes.IsSupported && X86Multiply.IsSupported;

    /// <summary>ShiftRows, SubBytes, MixColumns, then the round key (FIPS 197 section 5.1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> Round(Vector128<byte> block, Vector128<byte> key) => X86Aes.IsSupported
        ? X86Aes.Encrypt(block, key)
        : ArmAes.MixColumns(ArmAes.Encrypt(block, Vector128<byte>.Zero)) ^ key;

    /// <summary>The last round: as <see cref="Round"/> without MixColumns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> LastRound(Vector128<byte> block, Vector128<byte> key) => X86Aes.IsSupported
        ? X86Aes.EncryptLast(block, key)
        : ArmAes.Encrypt(block, Vector128<byte>.Zero) ^ key;

    /// <summary>The carry-less product of the low halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<ulong> MultiplyLow(Vector128<ulong> left, Vector128<ulong> right) => X86Multiply.IsSupported
        ? X86Multiply.CarrylessMultiply(left, right, 0x00)
        : ArmAes.PolynomialMultiplyWideningLower(left.GetLower(), right.GetLower());

    /// <summary>The carry-less product of the high halves.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<ulong> MultiplyHigh(Vector128<ulong> left, Vector128<ulong> right) => X86Multiply.IsSupported
        ? X86Multiply.CarrylessMultiply(left, right, 0x11)
        : ArmAes.PolynomialMultiplyWideningUpper(left, right);

    /// <summary>The carry-less product of the left's low half and the right's high half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<ulong> MultiplyLowHigh(Vector128<ulong> left, Vector128<ulong> right) => X86Multiply.IsSupported
        ? X86Multiply.CarrylessMultiply(left, right, 0x10)
        : ArmAes.PolynomialMultiplyWideningLower(left.GetLower(), right.GetUpper());

    /// <summary>The carry-less product of the left's high half and the right's low half.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<ulong> MultiplyHighLow(Vector128<ulong> left, Vector128<ulong> right) => X86Multiply.IsSupported
        ? X86Multiply.CarrylessMultiply(left, right, 0x01)
        : ArmAes.PolynomialMultiplyWideningLower(left.GetUpper(), right.GetLower());
}
