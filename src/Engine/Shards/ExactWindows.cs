using System.Buffers.Binary;
using System.Security.Cryptography;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Shards;

/// <summary>The replay windows of a peer's epochs as they stood when it left memory (docs/formats/events.md, decision 0009).</summary>
/// <remarks>
/// Exact only while nothing was opened since: a peer leaves memory under the locks of its epochs, with windows that are those in the store; and an
/// owner that did not end with its mark in the shard's row leaves windows that nobody takes.
/// </remarks>
internal sealed class ExactWindows
{
    private const byte Version = 1;
    private const int HeadSize = 9;

    private readonly Dictionary<ReceiverIndex, List<ReceivingIncarnation>> _epochs = [];

    private ExactWindows(UInt128 digest) => Digest = digest;

    /// <summary>Gets what tells these windows from others; never 0.</summary>
    internal UInt128 Digest { get; }

    /// <summary>Writes the windows of a peer's epochs as they stand.</summary>
    /// <returns>What tells them from others; 0 and nothing worth storing when there is no window.</returns>
    internal static UInt128 Write(StateWriter writer, Fence fence, ResidentPeer peer)
    {
        var traffics = TrafficOf(peer);
        Enter(traffics);
        try
        {
            return WriteUnderLocks(writer, fence, traffics);
        }
        finally
        {
            Exit(traffics);
        }
    }

    /// <summary>Says whether the windows are others than those stored.</summary>
    internal static bool Changed(ResidentPeer peer) => Write(new StateWriter(), default, peer) != peer.StoredWindows;

    /// <summary>Closes a peer's traffic if its windows are those stored: nobody can open anything between the look and the close.</summary>
    internal static bool TryClose(ResidentPeer peer)
    {
        var traffics = TrafficOf(peer);
        Enter(traffics);
        try
        {
            if (WriteUnderLocks(new StateWriter(), default, traffics) != peer.StoredWindows)
            {
                return false;
            }

            traffics.ForEach(traffic => traffic.Close());
            return true;
        }
        finally
        {
            Exit(traffics);
        }
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="plaintext">The row.</param>
    /// <param name="exactFrom">Since which fence stored windows are exact.</param>
    /// <returns><see langword="null"/>: an owner since then may have opened more than they show.</returns>
    internal static ExactWindows? Read(ReadOnlyMemory<byte> plaintext, Fence exactFrom)
    {
        var reader = new StateReader(plaintext);
        if (reader.Byte() is var version and not Version)
        {
            throw new StateFormatException($"version {version} of stored windows is not known here");
        }

        if (reader.Int64() < exactFrom.Value)
        {
            return null;
        }

        var windows = new ExactWindows(DigestOf(plaintext.Span[HeadSize..]));
        for (var epochs = reader.UInt16(); epochs > 0; epochs--)
        {
            var index = new ReceiverIndex(reader.UInt64());
            var incarnations = new List<ReceivingIncarnation>();
            for (var left = reader.UInt16(); left > 0; left--)
            {
                incarnations.Add(WindowSnapshot.TryRead(reader.Bytes().Span, out _) ?? throw new StateFormatException("a stored window is none"));
            }

            windows._epochs[index] = incarnations;
        }

        reader.End();
        return windows;
    }

    /// <summary>Gives an epoch its windows, before anybody can open anything under it.</summary>
    internal void Restore(EpochTraffic traffic, TrafficLimits limits)
    {
        if (!_epochs.Remove(traffic.Epoch.LocalIndex, out var incarnations))
        {
            return;
        }

        foreach (var incarnation in incarnations)
        {
            // What the facts do not know was never shown; what does not fit any more is refused as far as it was reserved.
            if (traffic.Epoch.Reservations.TryGetValue(incarnation.Id, out var through)
                && traffic.Receiving.OpenIncarnationCount < limits.OpenIncarnationsMax)
            {
                incarnation.ReservedEnd = Math.Max(incarnation.ReservedEnd, through + 1);
                traffic.Receiving.Restore(incarnation);
            }
        }
    }

    private static UInt128 WriteUnderLocks(StateWriter writer, Fence fence, List<EpochTraffic> traffics)
    {
        writer.Byte(Version);
        writer.Int64(fence.Value);
        var opening = traffics.FindAll(traffic => traffic.Receiving.OpenIncarnationCount > 0);
        writer.UInt16(opening.Count);
        Span<byte> buffer = stackalloc byte[WindowSnapshot.SizeMax];
        foreach (var traffic in opening)
        {
            writer.UInt64(traffic.Epoch.LocalIndex.Value);
            writer.UInt16(traffic.Receiving.OpenIncarnationCount);
            foreach (var incarnation in traffic.Receiving.OpenIncarnations)
            {
                writer.Bytes(buffer[..WindowSnapshot.Write(incarnation, buffer)]);
            }
        }

        return opening.Count == 0 ? 0 : DigestOf(writer.Written[HeadSize..]);
    }

    private static UInt128 DigestOf(ReadOnlySpan<byte> windows)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(windows, hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash) | 1;
    }

    private static List<EpochTraffic> TrafficOf(ResidentPeer peer) =>
        [.. peer.State.Sessions.SelectMany(session => session.Epochs).Select(epoch => epoch.Traffic).OfType<EpochTraffic>()];

    // Only the shard's turn holds more than one of these locks, so no two can wait for each other.
    private static void Enter(List<EpochTraffic> traffics) => traffics.ForEach(traffic => Monitor.Enter(traffic.Gate));

    private static void Exit(List<EpochTraffic> traffics) => traffics.ForEach(traffic => Monitor.Exit(traffic.Gate));
}
