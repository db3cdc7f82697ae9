using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>HKDF-Expand-Label over SHA-512 with this protocol's prefix. docs/formats/key-schedule.md.</summary>
internal static class ExpandLabel
{
    private const int ContextSizeMax = 64;
    private const int LabelSizeMax = 16;

    private static ReadOnlySpan<byte> Prefix => "kyb1 "u8;

    /// <summary>Fills <paramref name="output"/> from a 64-byte secret, an ASCII label and a context.</summary>
    /// <param name="label">At most 16 bytes, without the prefix.</param>
    /// <param name="context">At most 64 bytes; public.</param>
    /// <remarks>Source: RFC 8446 section 7.1, with the prefix <c>"kyb1 "</c> for <c>"tls13 "</c>.</remarks>
    internal static void Derive(
        ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, Span<byte> output)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(label.Length, LabelSizeMax, nameof(label));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(context.Length, ContextSizeMax, nameof(context));
        Span<byte> info = stackalloc byte[2 + 1 + 5 + LabelSizeMax + 1 + ContextSizeMax];
        BinaryPrimitives.WriteUInt16BigEndian(info, checked((ushort)output.Length));
        info[2] = (byte)(Prefix.Length + label.Length);
        Prefix.CopyTo(info[3..]);
        label.CopyTo(info[(3 + Prefix.Length)..]);
        var contextAt = 3 + Prefix.Length + label.Length;
        info[contextAt] = (byte)context.Length;
        context.CopyTo(info[(contextAt + 1)..]);
        HKDF.Expand(HashAlgorithmName.SHA512, secret, output, info[..(contextAt + 1 + context.Length)]);
    }
}
