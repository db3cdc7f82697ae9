using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.SecretMemory;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>Who sends under a traffic secret.</summary>
internal enum TrafficDirection : byte
{
    InitiatorToResponder = 0,
    ResponderToInitiator = 1,
}

/// <summary>The secrets of one epoch in one block: <c>root ‖ i2r ‖ r2i ‖ exporter</c>, 64 bytes each.</summary>
/// <remarks>Traffic secrets are not thread-safe against disposal: the session's lock covers it. The root is.</remarks>
internal sealed class EpochSecrets : IDisposable
{
    /// <summary>The size in bytes.</summary>
    internal const int Size = 4 * SecretSize;

    internal const int SecretSize = 64;

    private SecretSlot _block;

    private EpochSecrets(ReadOnlySpan<byte> block)
    {
        _block = SecretSlot.Take(Size);
        block.CopyTo(Block);
        SecretObservation.See(block);
        HasRoot = block[..SecretSize].ContainsAnyExcept((byte)0);
    }

    /// <summary>Gets whether the next epoch can still be made from this one.</summary>
    internal bool HasRoot { get; private set; }

    /// <summary>Copies the root; <see langword="false"/> when it was erased: the epoch's rekey is complete. Any thread.</summary>
    /// <param name="root"><see cref="SecretSize"/> bytes, which the caller zeroes.</param>
    internal bool TryCopyRoot(Span<byte> root)
    {
        lock (this)         // no lock object of its own, as each epoch in memory would have one; a computation beside the turn reads the root while the turn may erase it
        {
            if (HasRoot)
            {
                Block[..SecretSize].CopyTo(root);
            }

            return HasRoot;
        }
    }

    /// <summary>Gives a direction's traffic secret.</summary>
    internal ReadOnlySpan<byte> Traffic(TrafficDirection direction) =>
        Block.Slice((1 + (int)direction) * SecretSize, SecretSize);

    /// <summary>Gives all 256 bytes to be sealed into a snapshot or event.</summary>
    internal ReadOnlySpan<byte> Reveal() => Block;

    /// <summary>Copies what <see cref="Reveal"/> gave, e.g. from an opened snapshot; the caller zeroes its own. An erased root stays erased.</summary>
    /// <exception cref="ArgumentException">The length is not <see cref="Size"/>.</exception>
    internal static EpochSecrets Restore(ReadOnlySpan<byte> block)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(block.Length, Size);
        return new EpochSecrets(block);
    }

    /// <summary>Zeroes the root, so that this epoch's secrets no longer lead to later ones. May be repeated.</summary>
    internal void EraseRoot()
    {
        lock (this)
        {
            if (_block.TryGet(out var block))
            {
                CryptographicOperations.ZeroMemory(block[..SecretSize]);
            }

            HasRoot = false;
        }
    }

    public void Dispose()
    {
        lock (this)
        {
            HasRoot = false;
            _block.GiveBack();
        }
    }

    public override string ToString() => "secrets of one epoch";

    private Span<byte> Block
    {
        get
        {
            ObjectDisposedException.ThrowIf(!_block.TryGet(out var block), this);
            return block;
        }
    }
}
