using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;

namespace Kyberium.Engine.Templates;

/// <summary>A frozen policy to and from bytes. Canonical: equal policies give equal bytes, and only those bytes are read.</summary>
/// <remarks>Layout: docs/formats/template.md section 4.</remarks>
internal static class PolicyEncoding
{
    internal const byte Version = 1;

    private const int FixedSize = 90;

    internal static byte[] Encode(FrozenPolicy frozen)
    {
        var (template, policy) = (frozen.Template, frozen.Policy);
        var suites = policy.Suites.Items;
        var blocks = policy.Padding.BlockSizes.Items;
        var bytes = new byte[1 + 1 + template.Id.Length + 4 + 1 + (2 * suites.Length) + 1 + (2 * blocks.Length) + FixedSize];
        var writer = new Writer(bytes);
        writer.Byte(Version);
        writer.Byte((byte)template.Id.Length);
        writer.Ascii(template.Id);
        writer.Int32(template.Version);
        writer.Byte((byte)suites.Length);
        foreach (var suite in suites)
        {
            writer.UInt16((ushort)suite);
        }

        writer.Byte((byte)blocks.Length);
        foreach (var block in blocks)
        {
            writer.UInt16((ushort)block);
        }

        writer.Byte(policy.RequireHybrid ? (byte)1 : (byte)0);
        writer.Byte(0);
        writer.Byte((byte)policy.UnchainedHandshake);
        writer.Byte((byte)policy.AeadProvider);
        writer.Int32((int)policy.Rekey.AgeSoft.TotalSeconds);
        writer.Int32((int)policy.Rekey.AgeHard.TotalSeconds);
        writer.Int64(policy.Rekey.RecordsSoft);
        writer.Int64(policy.Rekey.RecordsHard);
        writer.Int64(policy.Rekey.BytesSoft);
        writer.Int64(policy.Rekey.BytesHard);
        writer.Int32((int)policy.PreviousEpochKeep.TotalSeconds);
        writer.Int32((int)policy.MessageExpiry.TotalSeconds);
        writer.Int32(policy.Outbox.CountMax);
        writer.Int64(policy.Outbox.BytesMax);
        writer.Int32(policy.Inbox.CountMax);
        writer.Int64(policy.Inbox.BytesMax);
        writer.Int32(policy.PayloadBytesMax);
        writer.Int16((short)policy.HandlerAttemptsMax);
        writer.Int32((int)policy.Resend.Initial.TotalMilliseconds);
        writer.Int32((int)policy.Resend.BackOffMax.TotalMilliseconds);
        return bytes;
    }

    /// <summary>Reads what <see cref="Encode"/> wrote. Ranges are not checked again: a newer engine may narrow them, and the
    /// policy in force stays what it was.</summary>
    internal static PolicyDecoding TryDecode(ReadOnlySpan<byte> bytes, out FrozenPolicy? frozen)
    {
        frozen = null;
        if (bytes.IsEmpty)
        {
            return PolicyDecoding.Malformed;
        }

        if (bytes[0] != Version)
        {
            return PolicyDecoding.VersionUnsupported;
        }

        var reader = new Reader(bytes[1..]);
        var template = new TemplateRef(reader.Ascii(reader.Byte()), reader.Int32());
        var suites = ImmutableArray<Suite>.Empty;
        for (var left = reader.Byte(); left > 0; left--)
        {
            suites = suites.Add((Suite)reader.UInt16());
        }

        var blocks = ImmutableArray<int>.Empty;
        for (var left = reader.Byte(); left > 0; left--)
        {
            blocks = blocks.Add(reader.UInt16());
        }

        var policy = ReadFixed(ref reader, suites, blocks);
        var sound = reader.IsSoundAndAtEnd && template.Id.Length > 0 && !suites.IsEmpty
            && suites.All(Enum.IsDefined) && suites.Distinct().Count() == suites.Length
            && !blocks.Contains(0) && blocks.Zip(blocks.Skip(1)).All(pair => pair.First < pair.Second)
            && Enum.IsDefined(policy.UnchainedHandshake) && Enum.IsDefined(policy.AeadProvider);
        frozen = sound ? new FrozenPolicy(template, policy) : null;
        return sound ? PolicyDecoding.Done : PolicyDecoding.Malformed;
    }

    // Object initializers run in the order they are written, which is the order of the bytes.
    private static Policy ReadFixed(ref Reader reader, ImmutableArray<Suite> suites, ImmutableArray<int> blocks) => new()
    {
        Suites = new ValueList<Suite>(suites),
        Padding = new Padding(new ValueList<int>(blocks)),
        RequireHybrid = reader.FlagAndReserved(),
        UnchainedHandshake = (UnchainedHandshake)reader.Byte(),
        AeadProvider = (AeadProviderChoice)reader.Byte(),
        Rekey = new RekeyLimits(
            reader.Seconds(), reader.Seconds(), reader.Int64(), reader.Int64(), reader.Int64(), reader.Int64()),
        PreviousEpochKeep = reader.Seconds(),
        MessageExpiry = reader.Seconds(),
        Outbox = new QueueLimits(reader.Int32(), reader.Int64()),
        Inbox = new QueueLimits(reader.Int32(), reader.Int64()),
        PayloadBytesMax = reader.Int32(),
        HandlerAttemptsMax = reader.Int16(),
        Resend = new ResendPolicy(reader.Millis(), reader.Millis()),
    };

    private ref struct Writer(Span<byte> rest)
    {
        private Span<byte> _rest = rest;

        internal void Byte(byte value) => Take(1)[0] = value;

        internal void Ascii(string value) => Encoding.ASCII.GetBytes(value, Take(value.Length));

        internal void UInt16(ushort value) => BinaryPrimitives.WriteUInt16BigEndian(Take(2), value);

        internal void Int16(short value) => BinaryPrimitives.WriteInt16BigEndian(Take(2), value);

        internal void Int32(int value) => BinaryPrimitives.WriteInt32BigEndian(Take(4), value);

        internal void Int64(long value) => BinaryPrimitives.WriteInt64BigEndian(Take(8), value);

        private Span<byte> Take(int count)
        {
            var taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }
    }

    // Past the end it gives zeros and remembers that it did; no length is trusted.
    private ref struct Reader(ReadOnlySpan<byte> rest)
    {
        private ReadOnlySpan<byte> _rest = rest;
        private bool _failed;

        internal readonly bool IsSoundAndAtEnd => !_failed && _rest.IsEmpty;

        internal byte Byte() => Take(1)[0];

        internal bool Flag()
        {
            var value = Byte();
            _failed |= value > 1;
            return value == 1;
        }

        /// <summary>Reads a flag and the byte after it, which says nothing and is zero.</summary>
        internal bool FlagAndReserved()
        {
            var value = Flag();
            _failed |= Byte() != 0;
            return value;
        }

        internal string Ascii(int length)
        {
            var taken = length <= 128 ? Take(length) : [];
            _failed |= length > 128 || taken.ContainsAnyExceptInRange((byte)'-', (byte)'z');
            return Encoding.ASCII.GetString(taken);
        }

        internal ushort UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Take(2));

        internal short Int16() => NotNegative(BinaryPrimitives.ReadInt16BigEndian(Take(2)));

        internal int Int32() => NotNegative(BinaryPrimitives.ReadInt32BigEndian(Take(4)));

        internal long Int64() => NotNegative(BinaryPrimitives.ReadInt64BigEndian(Take(8)));

        internal TimeSpan Seconds() => TimeSpan.FromSeconds(Int32());

        internal TimeSpan Millis() => TimeSpan.FromMilliseconds(Int32());

        private T NotNegative<T>(T value)
            where T : System.Numerics.ISignedNumber<T>
        {
            _failed |= T.IsNegative(value);
            return value;
        }

        private ReadOnlySpan<byte> Take(int count)
        {
            if (count > _rest.Length)
            {
                _failed = true;
                _rest = [];
                return new byte[count];
            }

            var taken = _rest[..count];
            _rest = _rest[count..];
            return taken;
        }
    }
}

/// <summary>What came of reading a frozen policy.</summary>
internal enum PolicyDecoding
{
    Done,
    Malformed,

    /// <summary>A newer engine wrote it.</summary>
    VersionUnsupported,
}
