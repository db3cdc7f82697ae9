using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Kyberium.Engine.Cluster.Framing;

/// <summary>What was at the beginning of the bytes, or at a place among items.</summary>
internal enum Reading
{
    /// <summary>The bytes end before it does; at items: there are no more.</summary>
    Nothing,

    /// <summary>A whole one.</summary>
    Whole,

    /// <summary>What no writer writes.</summary>
    Malformed,
}

/// <summary>Reads frames and the items in them. Takes any bytes and throws nothing; allocates only for an owner's name.</summary>
internal ref struct FrameReader(ReadOnlySpan<byte> items)
{
    private readonly ReadOnlySpan<byte> _items = items;
    private int _position;

    /// <summary>Looks for a frame at the beginning of what has arrived.</summary>
    /// <param name="size">The frame's whole size, with its head; when more bytes are needed, how many there must be, as far as is known.</param>
    internal static Reading TryFrame(ReadOnlySpan<byte> arrived, out int size)
    {
        size = FrameFormat.HeadSize;
        if (arrived.Length < FrameFormat.HeadSize)
        {
            return Reading.Nothing;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(arrived);
        if (length is < 2 or > FrameFormat.FrameLengthMax || arrived[4] != FrameFormat.Version)
        {
            return Reading.Malformed;
        }

        size = 4 + (int)length;
        return arrived.Length < size ? Reading.Nothing : Reading.Whole;
    }

    /// <summary>Reads the next item.</summary>
    internal Reading TryNext(out LinkItem item)
    {
        item = default;
        if (_position == _items.Length)
        {
            return Reading.Nothing;
        }

        item.Kind = (ItemKind)_items[_position];
        var at = _position + 1;
        var rest = _items[at..];
        var size = item.Kind switch
        {
            ItemKind.Hello => Hello(rest, ref item),
            ItemKind.Welcome => Welcome(rest, ref item),
            ItemKind.Request => Request(rest, at, ref item),
            ItemKind.Answer => Answer(rest, at, ref item),
            ItemKind.Piece => Piece(rest, at, ref item),
            ItemKind.Cancel => Cancel(rest, ref item),
            ItemKind.GoingAway or ItemKind.Ask or ItemKind.Here => 0,
            _ => -1,
        };
        if (size < 0)
        {
            return Reading.Malformed;
        }

        _position = at + size;
        return Reading.Whole;
    }

    // Each gives how many bytes it took behind the kind, or -1.
    private static int Hello(ReadOnlySpan<byte> rest, ref LinkItem item)
    {
        if (rest.Length < 5 || !rest.StartsWith(FrameFormat.Magic) || rest[4] == 0)
        {
            return -1;
        }

        item.ProtocolVersion = rest[4];
        return 5;
    }

    private static int Welcome(ReadOnlySpan<byte> rest, ref LinkItem item)
    {
        if (rest.Length < 17 || rest[0] == 0)
        {
            return -1;
        }

        item.ProtocolVersion = rest[0];
        item.Grant = new LinkGrant(
            BinaryPrimitives.ReadInt32BigEndian(rest[1..]), BinaryPrimitives.ReadInt32BigEndian(rest[5..]),
            BinaryPrimitives.ReadInt32BigEndian(rest[9..]), BinaryPrimitives.ReadInt32BigEndian(rest[13..]));
        return item.Grant.IsSound ? 17 : -1;
    }

    private static int Request(ReadOnlySpan<byte> rest, int at, ref LinkItem item)
    {
        if (rest.Length < 31)
        {
            return -1;
        }

        item.Correlation = BinaryPrimitives.ReadUInt32BigEndian(rest);
        item.Operation = new Guid(rest.Slice(4, 16), bigEndian: true);
        var groupSize = (int)rest[20];
        if (groupSize is 0 or > FrameFormat.GroupSizeMax || rest.Length < 31 + groupSize || item.Operation == Guid.Empty)
        {
            return -1;
        }

        item.Group = rest.Slice(21, groupSize);
        var fixedPart = rest[(21 + groupSize)..];
        item.ShardNumber = BinaryPrimitives.ReadUInt16BigEndian(fixedPart);
        item.RemainingMillis = BinaryPrimitives.ReadUInt32BigEndian(fixedPart[2..]);
        if (!Ascii.IsValid(item.Group) || item.RemainingMillis == 0)
        {
            return -1;
        }

        return Payload(rest, 27 + groupSize, at, ref item);
    }

    private static int Answer(ReadOnlySpan<byte> rest, int at, ref LinkItem item)
    {
        if (rest.Length < 5)
        {
            return -1;
        }

        item.Correlation = BinaryPrimitives.ReadUInt32BigEndian(rest);
        item.Status = (WireStatus)rest[4];
        return item.Status switch
        {
            WireStatus.Done => Payload(rest, 5, at, ref item),
            WireStatus.Failed => Failed(rest, ref item),
            WireStatus.WrongOwner => WrongOwner(rest, ref item),
            WireStatus.GivenUp => 5,
            _ => -1,
        };
    }

    private static int Failed(ReadOnlySpan<byte> rest, ref LinkItem item)
    {
        if (rest.Length < 9)
        {
            return -1;
        }

        item.Code = BinaryPrimitives.ReadUInt16BigEndian(rest[5..]);
        var length = BinaryPrimitives.ReadUInt16BigEndian(rest[7..]);
        if (item.Code == 0 || length > ClusterAnswer.MessageBytesMax || rest.Length < 9 + length)
        {
            return -1;
        }

        item.Text = rest.Slice(9, length);
        return Utf8.IsValid(item.Text) ? 9 + length : -1;
    }

    private static int WrongOwner(ReadOnlySpan<byte> rest, ref LinkItem item)
    {
        if (rest.Length < 23)
        {
            return -1;
        }

        item.MapVersion = BinaryPrimitives.ReadInt64BigEndian(rest[5..]);
        item.Fence = BinaryPrimitives.ReadInt64BigEndian(rest[13..]);
        var owner = (int)rest[21];
        if (rest.Length < 23 + owner)
        {
            return -1;
        }

        item.Text = rest.Slice(22, owner);
        var address = (int)rest[22 + owner];
        if (item.MapVersion < 0 || item.Fence < 0 || rest.Length < 23 + owner + address)
        {
            return -1;
        }

        item.Address = rest.Slice(23 + owner, address);
        return Ascii.IsValid(item.Address) && (owner == 0 || IsNode(item.Text)) ? 23 + owner + address : -1;
    }

    private static int Piece(ReadOnlySpan<byte> rest, int at, ref LinkItem item)
    {
        if (rest.Length < 6)
        {
            return -1;
        }

        item.Correlation = BinaryPrimitives.ReadUInt32BigEndian(rest);
        var length = BinaryPrimitives.ReadUInt16BigEndian(rest[4..]);
        if (length is 0 or > FrameFormat.PieceBytesMax || rest.Length < 6 + length)
        {
            return -1;
        }

        (item.BytesStart, item.BytesLength) = (at + 6, length);
        return 6 + length;
    }

    private static int Cancel(ReadOnlySpan<byte> rest, ref LinkItem item)
    {
        if (rest.Length < 4)
        {
            return -1;
        }

        item.Correlation = BinaryPrimitives.ReadUInt32BigEndian(rest);
        return 4;
    }

    private static int Payload(ReadOnlySpan<byte> rest, int offset, int at, ref LinkItem item)
    {
        if (rest.Length < offset + 4)
        {
            return -1;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(rest[offset..]);
        if (length > FrameFormat.PayloadBytesMax)
        {
            return -1;
        }

        item.PayloadLength = (int)length;
        var within = length <= FrameFormat.PieceBytesMax ? (int)length : 0;
        if (rest.Length < offset + 4 + within)
        {
            return -1;
        }

        (item.BytesStart, item.BytesLength) = (at + offset + 4, within);
        return offset + 4 + within;
    }

    private static bool IsNode(ReadOnlySpan<byte> text) => Ascii.IsValid(text) && NodeId.TryParse(Encoding.ASCII.GetString(text), out _);
}
