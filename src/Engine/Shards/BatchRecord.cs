using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using Kyberium.Engine.Audit;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Storage;

namespace Kyberium.Engine.Shards;

/// <summary>The plaintext of one journal record: the facts of one batch, each peer's under the peer's own key, and audit
/// events (docs/formats/events.md).</summary>
/// <remarks>
/// <c>version8 ‖ salt16</c>, then entries: <c>1 ‖ peer hash16 ‖ counter64 ‖ length32 ‖ ciphertext ‖ tag16</c> or
/// <c>2 ‖ length32 ‖ audit event</c>. Associated data of a peer's entry: the peer hash and the record's position.
/// </remarks>
internal static class BatchRecord
{
    internal const byte Version = 1;
    internal const byte PeerEntry = 1;
    internal const byte AuditEntry = 2;

    internal static void Begin(StateWriter writer, UInt128 salt)
    {
        writer.Clear();
        writer.Byte(Version);
        writer.UInt128(salt);
    }

    internal static void AddPeer(
        StateWriter writer, StateWriter scratch, PeerHash hash, PeerVault vault, UInt128 salt, ulong counter,
        LogPosition position, List<PeerEvent> facts)
    {
        scratch.Clear();
        foreach (var fact in facts)
        {
            EventCodec.Write(scratch, fact);
        }

        writer.Byte(PeerEntry);
        writer.UInt128(hash.Value);
        writer.UInt64(counter);
        writer.UInt32((uint)(scratch.Length + PeerVault.TagSize));
        vault.Seal(
            salt, counter, scratch.Written, writer.Take(scratch.Length + PeerVault.TagSize),
            Associated(hash, position, stackalloc byte[24]));
        scratch.Clear();
    }

    internal static void AddAudit(StateWriter writer, AuditEvent auditEvent)
    {
        writer.Byte(AuditEntry);
        var start = writer.BeginLength();
        AuditCodec.Write(writer, auditEvent);
        writer.EndLength(start);
    }

    internal static Entry ReadEntry(ref StateReader reader)
    {
        switch (reader.Byte())
        {
            case PeerEntry:
                return new Entry(new PeerHash(reader.UInt128()), reader.UInt64(), reader.Bytes());
            case AuditEntry:
                return new Entry(default, 0, reader.Bytes()) { IsAudit = true };
            case var kind:
                throw new StateFormatException($"{kind} is no kind of entry");
        }
    }

    internal static AuditEvent ReadAudit(ReadOnlyMemory<byte> bytes, ShardId shard, LogPosition position, int ordinal) =>
        AuditCodec.Read(bytes, shard, position, ordinal);

    /// <summary>Opens a peer's entry and reads its facts.</summary>
    /// <param name="entry">As <see cref="ReadEntry"/> gave it.</param>
    /// <param name="vault">The peer's key.</param>
    /// <param name="salt">The record's.</param>
    /// <param name="position">The record's.</param>
    /// <param name="scratch">Where it is opened; grows, and is zeroed afterwards.</param>
    /// <param name="facts">Gets the facts; was empty.</param>
    /// <returns><see langword="false"/> when the key is not the one.</returns>
    internal static bool TryOpen(
        in Entry entry, PeerVault vault, UInt128 salt, LogPosition position, ref byte[] scratch, List<PeerEvent> facts)
    {
        var length = entry.Bytes.Length - PeerVault.TagSize;
        if (length < 0)
        {
            return false;
        }

        if (scratch.Length < length)
        {
            scratch = new byte[BitOperations.RoundUpToPowerOf2((uint)length)];
        }

        var plaintext = scratch.AsMemory(0, length);
        try
        {
            if (!vault.TryOpen(salt, entry.Counter, entry.Bytes.Span, plaintext.Span, Associated(entry.Hash, position, stackalloc byte[24])))
            {
                return false;
            }

            var reader = new StateReader(plaintext);
            while (!reader.IsAtEnd)
            {
                facts.Add(EventCodec.Read(ref reader));
            }

            return true;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plaintext.Span);
        }
    }

    private static Span<byte> Associated(PeerHash hash, LogPosition position, Span<byte> buffer)
    {
        hash.Write(buffer);
        BinaryPrimitives.WriteInt64BigEndian(buffer[PeerHash.Size..], position.Value);
        return buffer;
    }

    internal readonly record struct Entry(PeerHash Hash, ulong Counter, ReadOnlyMemory<byte> Bytes)
    {
        internal bool IsAudit { get; init; }
    }
}
