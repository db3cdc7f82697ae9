using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Storage;

/// <summary>The bytes of an epoch, in facts and in snapshots (docs/formats/events.md).</summary>
internal static class EpochCodec
{
    private const int HandshakeHashSize = 64;

    internal static void WriteNew(StateWriter writer, NewEpoch epoch)
    {
        epoch.Session.Write(writer.Take(16));
        writer.UInt32(epoch.Number.Value);
        writer.Fixed(epoch.HandshakeHash.Span);
        WriteSecrets(writer, epoch.Secrets);
        writer.UInt64(epoch.LocalIndex.Value);
        writer.UInt64(epoch.RemoteIndex.Value);
    }

    internal static NewEpoch ReadNew(ref StateReader reader)
    {
        var session = SessionId.Read(reader.Fixed(16).Span);
        var number = new Epoch(reader.UInt32());
        var hash = reader.Fixed(HandshakeHashSize).ToArray();
        var secrets = reader.Fixed(EpochSecrets.Size).Span;
        var (local, remote) = (new ReceiverIndex(reader.UInt64()), new ReceiverIndex(reader.UInt64()));
        return new NewEpoch(session, number, hash, EpochSecrets.Restore(secrets), local, remote);     // nothing fails any more
    }

    /// <summary>Writes an epoch as it stands; its age is what it is at <paramref name="now"/>.</summary>
    internal static void Write(StateWriter writer, EpochState epoch, MonotonicMillis now)
    {
        writer.UInt32(epoch.Number.Value);
        writer.Flag(epoch.IsInitiator);
        writer.UInt16((int)epoch.Suite);
        writer.Fixed(epoch.HandshakeHash.Span);
        WriteSecrets(writer, epoch.Secrets);
        writer.UInt64(epoch.LocalIndex.Value);
        writer.UInt64(epoch.RemoteIndex.Value);
        writer.Int64(epoch.AgeAt(now));
        writer.UInt64(epoch.Counts.RecordsSealed);
        writer.UInt64(epoch.Counts.BytesSealed);
        writer.UInt64(epoch.Counts.OpensFailed);
        writer.UInt32(epoch.Unheard.FirstSeconds);
        writer.UInt32(epoch.Unheard.LastSeconds);
        writer.UInt16(epoch.Reservations.Count);
        foreach (var (incarnation, through) in epoch.Reservations.Entries)
        {
            incarnation.Write(writer.Take(16));
            writer.UInt64(through);
        }
    }

    /// <summary>Reads an epoch that lay in the store for <paramref name="awayMillis"/>.</summary>
    /// <param name="reader">Where it begins.</param>
    /// <param name="awayMillis">Since it was written.</param>
    /// <param name="hasUnheard">Whether it was written with <see cref="EpochState.Unheard"/>.</param>
    internal static EpochState Read(ref StateReader reader, long awayMillis, bool hasUnheard)
    {
        var number = new Epoch(reader.UInt32());
        var isInitiator = reader.Flag();
        var suite = StateReader.OneOf<Suite>(reader.UInt16());
        var hash = reader.Fixed(HandshakeHashSize).ToArray();
        var secrets = reader.Fixed(EpochSecrets.Size).Span;
        var (local, remote) = (new ReceiverIndex(reader.UInt64()), new ReceiverIndex(reader.UInt64()));
        var age = reader.Int64() is var read and >= 0 && read <= long.MaxValue - awayMillis
            ? read + awayMillis
            : throw new StateFormatException("an age is impossible");
        var counts = new EpochCounts(reader.UInt64(), reader.UInt64(), reader.UInt64());
        var unheard = hasUnheard ? new UnheardSpan(reader.UInt32(), reader.UInt32()) : default;
        if (unheard.LastSeconds < unheard.FirstSeconds)
        {
            throw new StateFormatException("a span ends before it begins");
        }

        var reservations = default(ReservedSequences);
        for (var left = reader.UInt16(); left > 0; left--)
        {
            if (!reservations.TryAdd(Incarnation.Read(reader.Fixed(16).Span), reader.UInt64()))
            {
                throw new StateFormatException("an incarnation is reserved twice");
            }
        }

        return new EpochState
        {
            Number = number,
            IsInitiator = isInitiator,
            Suite = suite,
            HandshakeHash = hash,
            Secrets = EpochSecrets.Restore(secrets),    // nothing fails any more
            LocalIndex = local,
            RemoteIndex = remote,
            AgeMillis = age,
            Counts = counts,
            Unheard = unheard,
            Reservations = reservations,
        };
    }

    private static void WriteSecrets(StateWriter writer, EpochSecrets secrets) => writer.Fixed(secrets.Reveal());
}
