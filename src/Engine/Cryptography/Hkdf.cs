using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Kyberium.Engine.Cryptography;

/// <summary>HKDF (RFC 5869) over HMAC-SHA-512, and the label structure of RFC 8446 section 7.1. Allocates nothing for up to
/// <see cref="HashSize"/> bytes of output.</summary>
internal static class Hkdf
{
    /// <summary>Bytes of a pseudo-random key, and of one block of output.</summary>
    internal const int HashSize = 64;

    /// <summary>The most that one expansion gives.</summary>
    internal const int OutputSizeMax = 255 * HashSize;

    private const int ContextSizeMax = 255;
    private const int StackInfoSizeMax = 1_024;

    private static ReadOnlySpan<byte> LabelPrefix => "kyb1 "u8;

    /// <summary>HKDF-Extract.</summary>
    /// <param name="salt">Any length; empty means 64 zero bytes.</param>
    /// <param name="inputKey">Secret, any length.</param>
    /// <param name="pseudoRandomKey">Receives exactly 64 secret bytes; the caller zeroes them.</param>
    internal static void Extract(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> inputKey, Span<byte> pseudoRandomKey)
    {
        CryptographyArguments.ExactLength(pseudoRandomKey, HashSize, nameof(pseudoRandomKey));
        HMACSHA512.HashData(salt, inputKey, pseudoRandomKey);   // HMAC pads an empty key with zeros, as the RFC asks
    }

    /// <summary>HKDF-Expand.</summary>
    /// <param name="pseudoRandomKey">Secret, at least 64 bytes.</param>
    /// <param name="info">Any length; must not overlap <paramref name="output"/>.</param>
    /// <param name="output">Receives 0 to 16,320 secret bytes; the caller zeroes them.</param>
    /// <exception cref="ArgumentException">The key is too short or the output too long (caller's bug).</exception>
    internal static void Expand(ReadOnlySpan<byte> pseudoRandomKey, ReadOnlySpan<byte> info, Span<byte> output)
    {
        if (pseudoRandomKey.Length < HashSize)
        {
            throw new ArgumentException(
                $"A pseudo-random key has at least {HashSize} bytes, not {pseudoRandomKey.Length}.", nameof(pseudoRandomKey));
        }

        if (output.Length > OutputSizeMax)
        {
            throw new ArgumentException($"One expansion gives at most {OutputSizeMax} bytes, not {output.Length}.", nameof(output));
        }

        var inputSize = HashSize + info.Length + 1;
        var rented = info.Length > StackInfoSizeMax ? ArrayPool<byte>.Shared.Rent(inputSize) : null;
        var input = rented is null ? stackalloc byte[HashSize + StackInfoSizeMax + 1] : rented.AsSpan();
        input = input[..inputSize];
        Span<byte> block = stackalloc byte[HashSize];
        info.CopyTo(input[HashSize..]);
        input[^1] = 0;
        using var repeated = output.Length > HashSize ? IncrementalHash.CreateHMAC(HashAlgorithmName.SHA512, pseudoRandomKey) : null;
        for (var start = HashSize; !output.IsEmpty; start = 0)   // the first block has no predecessor
        {
            input[^1]++;
            if (repeated is null)
            {
                HMACSHA512.HashData(pseudoRandomKey, input[start..], block);
            }
            else
            {
                repeated.AppendData(input[start..]);        // keyed once: half the work of a short block
                repeated.GetHashAndReset(block);
            }

            var size = Math.Min(HashSize, output.Length);
            block[..size].CopyTo(output);
            output = output[size..];
            block.CopyTo(input);
        }

        CryptographicOperations.ZeroMemory(block);
        CryptographicOperations.ZeroMemory(input);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    /// <summary>Expand-Label: HKDF-Expand with info <c>length16 ‖ len8 ‖ "kyb1 " ‖ label ‖ len8 ‖ context</c>.</summary>
    /// <param name="secret">64 secret bytes.</param>
    /// <param name="label">ASCII, 1 to 250 bytes.</param>
    /// <param name="context">At most 255 bytes; in the key schedule the epoch's handshake hash.</param>
    /// <param name="output">Receives the key material; the caller zeroes it.</param>
    /// <exception cref="ArgumentException">A length is out of range (caller's bug).</exception>
    internal static void ExpandLabel(
        ReadOnlySpan<byte> secret, ReadOnlySpan<byte> label, ReadOnlySpan<byte> context, Span<byte> output)
    {
        var labelSize = LabelPrefix.Length + label.Length;
        if (label.IsEmpty || labelSize > byte.MaxValue)
        {
            throw new ArgumentException($"A label has 1 to {byte.MaxValue - LabelPrefix.Length} bytes.", nameof(label));
        }

        if (context.Length > ContextSizeMax)
        {
            throw new ArgumentException($"A context has at most {ContextSizeMax} bytes, not {context.Length}.", nameof(context));
        }

        Span<byte> info = stackalloc byte[2 + 1 + byte.MaxValue + 1 + ContextSizeMax];
        BinaryPrimitives.WriteUInt16BigEndian(info, checked((ushort)output.Length));
        info[2] = (byte)labelSize;
        LabelPrefix.CopyTo(info[3..]);
        label.CopyTo(info[(3 + LabelPrefix.Length)..]);
        info[3 + labelSize] = (byte)context.Length;
        context.CopyTo(info[(4 + labelSize)..]);
        Expand(secret, info[..(4 + labelSize + context.Length)], output);
    }
}
