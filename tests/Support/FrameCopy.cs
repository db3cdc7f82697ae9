using System.Text;
using Kyberium.Engine;
using Kyberium.Engine.Cluster;
using Kyberium.Engine.Cluster.Framing;

namespace Kyberium.Tests.Support;

/// <summary>Writes what was read: what is accepted has one encoding.</summary>
internal static class FrameCopy
{
    /// <summary>Copies all items.</summary>
    /// <returns>How reading ended.</returns>
    internal static Reading Copy(ReadOnlySpan<byte> items, FrameWriter writer)
    {
        var reader = new FrameReader(items);
        Reading reading;
        while ((reading = reader.TryNext(out var item)) == Reading.Whole)
        {
            Write(writer, item, items.Slice(item.BytesStart, item.BytesLength));
        }

        return reading;
    }

    private static void Write(FrameWriter writer, in LinkItem item, ReadOnlySpan<byte> bytes)
    {
        // A payload in pieces is announced by its length alone.
        var payload = item.PayloadLength > FrameFormat.PieceBytesMax ? new byte[item.PayloadLength] : bytes;
        switch (item.Kind)
        {
            case ItemKind.Hello:
                writer.Hello();
                break;
            case ItemKind.Welcome:
                writer.Welcome(item.Grant);
                break;
            case ItemKind.Request:
                writer.Request(item.Correlation, item.Operation, new ShardId(Encoding.ASCII.GetString(item.Group), item.ShardNumber), item.RemainingMillis, payload);
                break;
            case ItemKind.Answer when item.Status == WireStatus.Done:
                writer.Done(item.Correlation, payload);
                break;
            case ItemKind.Answer when item.Status == WireStatus.Failed:
                writer.Failed(item.Correlation, (EngineErrorCode)item.Code, Encoding.UTF8.GetString(item.Text));
                break;
            case ItemKind.Answer when item.Status == WireStatus.WrongOwner:
                writer.WrongOwner(item.Correlation, new OwnerHint(
                    item.Text.IsEmpty ? default : new NodeId(Encoding.ASCII.GetString(item.Text)), Encoding.ASCII.GetString(item.Address),
                    new Fence(item.Fence), item.MapVersion));
                break;
            case ItemKind.Answer:
                writer.GivenUp(item.Correlation);
                break;
            case ItemKind.Piece:
                writer.Piece(item.Correlation, bytes);
                break;
            case ItemKind.Cancel:
                writer.Cancel(item.Correlation);
                break;
            case ItemKind.Ask:
                writer.Ask();
                break;
            case ItemKind.Here:
                writer.Here();
                break;
            default:
                writer.GoingAway();
                break;
        }
    }
}
