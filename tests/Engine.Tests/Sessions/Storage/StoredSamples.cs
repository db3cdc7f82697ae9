using System.Security.Cryptography;
using Kyberium.Engine.Audit;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Storage;

/// <summary>One value of each thing that is stored, made of runs of counting bytes so that its fields can be seen in hex.</summary>
internal static class StoredSamples
{
    internal static readonly UInt128 Salt = new(0xb0b1b2b3b4b5b6b7, 0xb8b9babbbcbdbebf);
    internal static readonly LogPosition Position = new(9);
    internal static readonly UnixMillis Wall = new(1_700_000_000_000);

    private static readonly SessionId Session = SessionId.Read(Run(0x50, 16));
    private static readonly StreamId Stream = StreamId.Read(Run(0x10, 16));
    private static readonly Incarnation Incarnation = Incarnation.Read(Run(0xa0, 16));
    private static readonly Fingerprint Local = Fingerprint.Of("local document"u8);
    private static readonly Pin Pin = new(Fingerprint.Of("document"u8), "document"u8.ToArray(), Proved: true);
    private static readonly Pin StoredPin = Pin with { Document = default, Suites = SuiteSet.Of(Suite.MLKem768P256, Suite.MLKem768) };
    private static readonly FrozenPolicy Policy = new("level-3", 1, new byte[] { 0xc0, 0xc1 });

    /// <summary>Gets a fact of every kind, by the name of its example.</summary>
    internal static IReadOnlyDictionary<string, PeerEvent> Facts { get; } = new Dictionary<string, PeerEvent>
    {
        ["added"] = new PeerEvent.Added(Pin, Policy, Stream, ["memory://a"], 2),
        ["forgotten"] = new PeerEvent.Forgotten(),
        ["pin-added"] = new PeerEvent.PinAdded(Pin),
        ["pin-proved"] = new PeerEvent.PinProved(Pin.Fingerprint),
        ["pin-removed"] = new PeerEvent.PinRemoved(Pin.Fingerprint),
        ["addresses-set"] = new PeerEvent.AddressesSet(["https://b:1", "memory://a"]),
        ["policy-changed"] = new PeerEvent.PolicyChanged(Policy),
        ["suspended"] = new PeerEvent.Suspended(),
        ["resumed"] = new PeerEvent.Resumed(),
        ["held"] = new PeerEvent.Held(),
        ["released"] = new PeerEvent.Released(),
        ["session-established"] = new PeerEvent.SessionEstablished(
            Made(0), IsInitiator: true, Suite.MLKem768P256, Local, Pin.Fingerprint, Sends: true),
        ["epoch-pending"] = new PeerEvent.EpochPending(Made(1)),
        ["epoch-committed"] = new PeerEvent.EpochCommitted(Session, new Epoch(1)),
        ["epoch-accepted"] = new PeerEvent.EpochAccepted(Made(2)),
        ["previous-epoch-dropped"] = new PeerEvent.PreviousEpochDropped(Session, Epoch.Zero),
        ["session-preferred"] = new PeerEvent.SessionPreferred(Session),
        ["session-retired"] = new PeerEvent.SessionRetired(Session),
        ["sessions-dropped"] = new PeerEvent.SessionsDropped(),
        ["reservation-made"] = new PeerEvent.ReservationMade(ReceiverIndex.Of(3, 0x123456789abc), Incarnation, 65_535),
        ["message-queued"] = new PeerEvent.MessageQueued(Operation(0xd0), MessageFlags.None, Wall, "order 66"u8.ToArray()),
        ["acknowledged"] = new PeerEvent.Acknowledged(7),
        ["message-expired"] = new PeerEvent.MessageExpired(8),
        ["outgoing-stopped"] = new PeerEvent.OutgoingStopped(StopReason.OwnStoreRolledBack),
        ["outgoing-reset"] = new PeerEvent.OutgoingReset(Stream),
        ["incoming-adopted"] = new PeerEvent.IncomingAdopted(Stream, 5),
        ["message-accepted"] = new PeerEvent.MessageAccepted(7, ChainValue.Read(Run(0x30, 16)), MessageFlags.None, "order 66"u8.ToArray()),
        ["incoming-stopped"] = new PeerEvent.IncomingStopped(StopReason.HistoriesDiffer),
        ["incoming-reset"] = new PeerEvent.IncomingReset(),
        ["message-handled"] = new PeerEvent.MessageHandled(Stream, 7),
        ["message-failed"] = new PeerEvent.MessageFailed(Stream, 7, SetAside: true),
        ["message-retried"] = new PeerEvent.MessageRetried(Stream, 7),
        ["message-dropped"] = new PeerEvent.MessageDropped(Stream, 7),
        ["generation-set"] = new PeerEvent.GenerationSet(2),
        ["operation-performed"] = new PeerEvent.OperationPerformed(Operation(0xd0)),
    };

    /// <summary>Gives what is not a fact: a snapshot, rows and a whole record, by name.</summary>
    internal static IReadOnlyDictionary<string, byte[]> Others() => new Dictionary<string, byte[]>
    {
        ["snapshot-4"] = Written(writer => SnapshotCodec.Write(
            writer, Peer(), new StepInput(Wall, new MonotonicMillis(0), SystemEntropy.Instance), Position)),
        ["document-row"] = Written(writer => SnapshotCodec.WriteDocumentRow(writer, Pin)),
        ["outbox-row"] = Written(writer => SnapshotCodec.WriteOutboxRow(writer, Queued("order 66"))),
        ["inbox-row"] = Written(writer => SnapshotCodec.WriteInboxRow(writer, Accepted())),
        ["record"] = Record(),
        ["shard-row"] = Written(ShardRow.Write),
        ["audit-row"] = Written(writer => AuditCodec.Write(writer, Act)),
        ["windows-row"] = Written(writer => ExactWindows.Write(writer, ShardRow.Fence, Windowed(State(0), Windows()))),
    };

    /// <summary>Gets the row of a shard whose owner ended with it.</summary>
    internal static ShardRow ShardRow { get; } = new(Position, Run(0xc0, 16), new Fence(3), Run(0x40, 32))
    {
        IsLast = true, ExactFrom = new Fence(2),
    };

    /// <summary>Gets an operator's act; its place is not in its bytes.</summary>
    internal static AuditEvent Act { get; } = new(
        DateTimeOffset.FromUnixTimeMilliseconds(Wall.Value), "peer-added", "alice", "bob", "carol", "c-1", "pin",
        new ShardId("default", 7), Position, 2, Operation(0xd0));

    /// <summary>Gives a peer with one epoch that has these windows.</summary>
    internal static ResidentPeer Windowed(EpochState epoch, params ReceivingIncarnation[] windows)
    {
        var state = new PeerState(new PeerKey(new IdentityName("alice"), new PeerId("bob")));
        state.Sessions.Add(new SessionState
        {
            Id = Session, IsInitiator = true, Suite = Suite.MLKem768P256, Local = Local, Remote = Pin.Fingerprint, Current = epoch,
        });
        var peer = new ResidentPeer(environment: null!, state, default, vault: null) { Owner = null! };     // neither is asked here
        var traffic = new EpochTraffic(peer, epoch, TrafficLimits.Default, AeadProvider.Platform, SystemEntropy.Instance);
        Array.ForEach(windows, traffic.Receiving.Restore);
        epoch.Traffic = traffic;
        return peer;
    }

    /// <summary>Gives epoch 0 of the samples' session.</summary>
    internal static EpochState FirstEpoch() => State(0);

    /// <summary>Gives one window of each form: all from 0 to 7 but 5 were opened, and 0 and 100.</summary>
    internal static ReceivingIncarnation[] Windows()
    {
        var compact = new ReceivingIncarnation(Incarnation, floor: 0) { ReservedEnd = 65_536 };
        var full = new ReceivingIncarnation(Incarnation.Read(Run(0xb0, 16)), floor: 0) { ReservedEnd = 4_096 };
        foreach (var sequence in new ulong[] { 0, 1, 2, 3, 4, 6, 7 })
        {
            compact.Window.Mark(sequence);
        }

        full.Window.Mark(0);
        full.Window.Mark(100);
        return [compact, full];
    }

    internal static PeerVault Vault() => new(SecretBytes.CopyOf(Run(0, PeerVault.KeySize)), AeadProvider.Platform);

    internal static byte[] Write(PeerEvent fact) => Written(writer => EventCodec.Write(writer, fact));

    internal static byte[] Written(Action<StateWriter> write)
    {
        var writer = new StateWriter();
        write(writer);
        return writer.Written.ToArray();
    }

    /// <summary>A peer with everything a snapshot can hold: a session of three epochs, streams with histories.</summary>
    private static PeerState Peer()
    {
        var state = new PeerState(new PeerKey(new IdentityName("alice"), new PeerId("bob")))
        {
            Exists = true, Held = true, Generation = 2, Pins = [StoredPin], Addresses = ["memory://a"], Policy = Policy,
        };
        var session = new SessionState
        {
            Id = Session, IsInitiator = true, Suite = Suite.MLKem768P256, Local = Local, Remote = Pin.Fingerprint, Superseded = true,
            Current = State(1), Pending = State(2), Previous = State(0),
        };
        session.Current.Reservations.Set(Incarnation, 65_535);
        session.Current.Counts = new EpochCounts(11, 2_816, 3);
        session.Current.Unheard = new UnheardSpan(1_699_999_744, 1_700_000_644);
        session.Current.AgeMillis = 5_000;
        state.Sessions.Add(session);
        state.Sending = session;
        state.Performed.Add(Operation(0xe0));
        state.Outgoing.Open(Stream);
        state.Outgoing.Add(Queued("order 65"));
        state.Outgoing.AcknowledgeThrough(1);
        state.Outgoing.Stopped = StopReason.PeerStoreRolledBack;
        state.Outgoing.Retired.Add(StreamId.Read(Run(0x20, 16)));
        state.Outgoing.Completed.Add(Operation(0xd0));
        state.Incoming.Id = StreamId.Read(Run(0x30, 16));
        state.Incoming.Expected = 8;
        state.Incoming.NextOrdinal = 4;
        state.Incoming.ChainBelow = ChainValue.Read(Run(0x40, 16));
        state.Incoming.Retired.Add(StreamId.Read(Run(0x60, 16)));
        return state;
    }

    private static byte[] Record()
    {
        using var vault = Vault();
        var (writer, scratch) = (new StateWriter(), new StateWriter());
        var hash = PeerHash.Read(Run(0xe0, 16));
        BatchRecord.Begin(writer, Salt);
        BatchRecord.AddPeer(
            writer, scratch, hash, vault, Salt, 4, Position, [new PeerEvent.Suspended(), new PeerEvent.Acknowledged(7)]);
        BatchRecord.AddAudit(writer, new AuditEvent(
            DateTimeOffset.FromUnixTimeMilliseconds(Wall.Value), "rekeyed", "alice", "bob", "engine", "c-1", "epoch 2",
            new ShardId("default", 7), Position, 0));
        return writer.Written.ToArray();
    }

    private static OutgoingMessage Queued(string payload)
    {
        var bytes = System.Text.Encoding.ASCII.GetBytes(payload);
        return new OutgoingMessage
        {
            Operation = Operation(0xd0), Flags = MessageFlags.None, ChainFlags = MessageFlags.None, Digest = SHA256.HashData(bytes),
            Payload = bytes, ExpiresAt = Wall,
        };
    }

    private static IncomingMessage Accepted() => new()
    {
        Stream = Stream, Number = 7, Ordinal = 3, Flags = MessageFlags.None, Payload = "order 66"u8.ToArray(), Failures = 2, SetAside = true,
    };

    private static NewEpoch Made(uint number) => new(
        Session, new Epoch(number), Run(0x40, 64), EpochSecrets.Restore(Run(0, EpochSecrets.Size)),
        ReceiverIndex.Of(3, 0x123456789abc), ReceiverIndex.Of(5, 0x0def01234567));

    private static EpochState State(uint number) =>
        EpochState.Of(Made(number), isInitiator: true, Suite.MLKem768P256, new MonotonicMillis(0));

    private static Guid Operation(int first) => new(Run(first, 16), bigEndian: true);

    private static byte[] Run(int first, int count) => [.. Enumerable.Range(first, count).Select(value => (byte)value)];
}
