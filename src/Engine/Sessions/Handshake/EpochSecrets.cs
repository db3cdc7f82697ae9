using Kyberium.Engine.Cryptography;

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

    private readonly SecretBytes _block;

    private EpochSecrets(SecretBytes block)
    {
        _block = block;
        HasRoot = block.Reveal()[..SecretSize].ContainsAnyExcept((byte)0);
    }

    /// <summary>Gets whether the next epoch can still be made from this one.</summary>
    internal bool HasRoot { get; private set; }

    /// <summary>Copies the root; <see langword="false"/> when it was erased: the epoch's rekey is complete. Any thread.</summary>
    /// <param name="root"><see cref="SecretSize"/> bytes, which the caller zeroes.</param>
    internal bool TryCopyRoot(Span<byte> root)
    {
        lock (_block)       // a computation beside the turn reads the root while the turn may erase it
        {
            if (HasRoot)
            {
                _block.Reveal()[..SecretSize].CopyTo(root);
            }

            return HasRoot;
        }
    }

    /// <summary>Gives a direction's traffic secret.</summary>
    internal ReadOnlySpan<byte> Traffic(TrafficDirection direction) =>
        _block.Reveal().Slice((1 + (int)direction) * SecretSize, SecretSize);

    /// <summary>Gives all 256 bytes to be sealed into a snapshot or event.</summary>
    internal ReadOnlySpan<byte> Reveal() => _block.Reveal();

    /// <summary>Takes over what <see cref="Reveal"/> gave, e.g. from an opened snapshot. An erased root stays erased.</summary>
    /// <exception cref="ArgumentException">The length is not <see cref="Size"/>.</exception>
    internal static EpochSecrets Restore(ReadOnlySpan<byte> block)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(block.Length, Size);
        return new EpochSecrets(SecretBytes.CopyOf(block));
    }

    internal static EpochSecrets Own(SecretBytes block) => new(block);

    /// <summary>Zeroes the root, so that this epoch's secrets no longer lead to later ones. May be repeated.</summary>
    internal void EraseRoot()
    {
        lock (_block)
        {
            _block.Erase(0, SecretSize);
            HasRoot = false;
        }
    }

    public void Dispose()
    {
        lock (_block)
        {
            HasRoot = false;
            _block.Dispose();
        }
    }

    public override string ToString() => "secrets of one epoch";
}
