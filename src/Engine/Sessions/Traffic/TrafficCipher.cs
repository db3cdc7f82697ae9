using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Traffic;

/// <summary>The AEAD of one incarnation: AES-256-GCM with <c>nonce = fixed4 ‖ sequence8</c>. Not thread-safe.</summary>
/// <remarks>Calls allocate nothing. A struct inside its one owner, whose default has no key; never copied from there.
/// Key derivation: docs/formats/key-schedule.md section 3.</remarks>
internal readonly struct TrafficCipher : IDisposable
{
    /// <summary>The longest data a caller may have authenticated with a record.</summary>
    internal const int AssociatedDataLengthMax = 65_536;

    private const int StackLengthMax = 512;

    private readonly AeadKey? _aead;
    private readonly uint _fixed;

    private TrafficCipher(AeadKey aead, uint fixedField)
    {
        _aead = aead;
        _fixed = fixedField;
    }

    internal bool IsKeyed => _aead is not null;

    private AeadKey Aead => _aead!;

    /// <summary>Derives <c>key32 ‖ fixed4</c> from a direction's secret and keys the AEAD.</summary>
    internal static TrafficCipher Derive(
        AeadProvider provider, ReadOnlySpan<byte> directionSecret, Incarnation incarnation)
    {
        Span<byte> context = stackalloc byte[Incarnation.Size];
        incarnation.Write(context);
        Span<byte> derived = stackalloc byte[AeadKey.KeySize + sizeof(uint)];
        Hkdf.ExpandLabel(directionSecret, "traffic"u8, context, derived);
        var cipher = new TrafficCipher(
            provider.CreateKey(derived[..AeadKey.KeySize]), BinaryPrimitives.ReadUInt32BigEndian(derived[AeadKey.KeySize..]));
        CryptographicOperations.ZeroMemory(derived);
        return cipher;
    }

    /// <summary>Seals an envelope whose header is written already; the plaintext may stand where the ciphertext goes.</summary>
    internal void Seal(
        ulong sequence, ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> callerAssociatedData, Span<byte> envelope)
    {
        Span<byte> nonce = stackalloc byte[AeadKey.NonceSize];
        WriteNonce(nonce, sequence);
        var ciphertext = envelope[EnvelopeHeader.Size..^EnvelopeHeader.TagSize];
        var tag = envelope[^EnvelopeHeader.TagSize..];
        if (callerAssociatedData.IsEmpty)
        {
            Aead.Seal(nonce, envelope[..EnvelopeHeader.Size], plaintext, ciphertext, tag);
            return;
        }

        var length = EnvelopeHeader.Size + callerAssociatedData.Length;
        var rented = length > StackLengthMax ? ArrayPool<byte>.Shared.Rent(length) : null;
        var joined = rented is null ? stackalloc byte[StackLengthMax] : rented;
        Join(envelope, callerAssociatedData, joined);
        Aead.Seal(nonce, joined[..length], plaintext, ciphertext, tag);
        Return(rented);
    }

    /// <summary>Opens an envelope. The plaintext is zeroed when the tag does not verify.</summary>
    /// <param name="plaintext">Exactly as long as the body without its tag.</param>
    internal bool TryOpen(
        ulong sequence, ReadOnlySpan<byte> envelope, ReadOnlySpan<byte> callerAssociatedData, Span<byte> plaintext)
    {
        Span<byte> nonce = stackalloc byte[AeadKey.NonceSize];
        WriteNonce(nonce, sequence);
        if (callerAssociatedData.IsEmpty)
        {
            return TryDecrypt(nonce, envelope, envelope[..EnvelopeHeader.Size], plaintext);
        }

        var length = EnvelopeHeader.Size + callerAssociatedData.Length;
        var rented = length > StackLengthMax ? ArrayPool<byte>.Shared.Rent(length) : null;
        var joined = rented is null ? stackalloc byte[StackLengthMax] : rented;
        Join(envelope, callerAssociatedData, joined);
        var opened = TryDecrypt(nonce, envelope, joined[..length], plaintext);
        Return(rented);
        return opened;
    }

    /// <summary>Fetches what the next record needs into the processor's cache: in step 0 what leads to the key, then the key. May be called beside the lock.</summary>
    internal void Fetch(int step)
    {
        if (_aead is { } aead)
        {
            if (step == 0)
            {
                CacheLine.Fetch(aead, CacheLine.Size);
            }
            else
            {
                aead.Fetch();
            }
        }
    }

    public void Dispose() => _aead?.Dispose();

    private bool TryDecrypt(
        ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> envelope, ReadOnlySpan<byte> associatedData, Span<byte> plaintext) =>
        Aead.TryOpen(
            nonce,
            associatedData,
            envelope[EnvelopeHeader.Size..^EnvelopeHeader.TagSize],
            envelope[^EnvelopeHeader.TagSize..],
            plaintext);

    private void WriteNonce(Span<byte> nonce, ulong sequence)
    {
        BinaryPrimitives.WriteUInt32BigEndian(nonce, _fixed);
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], sequence);
    }

    private static void Join(ReadOnlySpan<byte> envelope, ReadOnlySpan<byte> callerAssociatedData, Span<byte> joined)
    {
        envelope[..EnvelopeHeader.Size].CopyTo(joined);
        callerAssociatedData.CopyTo(joined[EnvelopeHeader.Size..]);
    }

    private static void Return(byte[]? rented)
    {
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
