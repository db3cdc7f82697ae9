using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Kyberium.Engine.Audit;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Tests.Cryptography;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Storage;

/// <summary>Goal: bytes that version 1 wrote stay readable and mean the same, and docs/formats/events.md shows those bytes.
/// Method: tests/Vectors/events/v1.json was written once; what the code writes and reads is compared with it.</summary>
public sealed partial class StoredFormatTests
{
    private static readonly Dictionary<string, byte[]> Facts = Load("facts");
    private static readonly Dictionary<string, byte[]> Others = Load("others");

    public static TheoryData<string> FactNames => [.. StoredSamples.Facts.Keys];

    public static TheoryData<string> OtherNames => [.. StoredSamples.Others().Keys];

    [Fact]
    public void The_file_is_complete()
    {
        Assert.Equal(35, Facts.Count);
        Assert.Equal(StoredSamples.Facts.Keys.Order(), Facts.Keys.Order());
        Assert.Equal(StoredSamples.Others().Keys.Concat(["snapshot", "snapshot-3", "shard-row-before-windows"]).Order(), Others.Keys.Order());
    }

    [Fact]
    public void Every_kind_of_fact_has_a_sample()
    {
        var kinds = typeof(PeerEvent).GetNestedTypes(BindingFlags.NonPublic).Where(type => type.IsSubclassOf(typeof(PeerEvent)));

        Assert.Equal(kinds.Order(ByName), StoredSamples.Facts.Values.Select(fact => fact.GetType()).Order(ByName));
    }

    [Fact]
    public void Every_kind_of_fact_has_a_number_of_its_own() =>
        Assert.Equal(Facts.Count, Facts.Values.Select(bytes => bytes[0]).Distinct().Count());

    [Theory, MemberData(nameof(FactNames))]
    public void A_fact_is_written_as_version_1_wrote_it(string name) =>
        VectorJson.AssertBytes(name, Facts[name], StoredSamples.Write(StoredSamples.Facts[name]));

    [Theory, MemberData(nameof(FactNames))]
    public void A_fact_of_version_1_is_read_whole_and_is_the_same_fact(string name)
    {
        var reader = new StateReader(Facts[name]);
        var fact = EventCodec.Read(ref reader);

        Assert.True(reader.IsAtEnd);
        Assert.Equal(StoredSamples.Facts[name].GetType(), fact.GetType());
        VectorJson.AssertBytes(name, Facts[name], StoredSamples.Write(fact));
    }

    [Theory, MemberData(nameof(FactNames))]
    public void A_fact_cut_short_anywhere_is_refused(string name)
    {
        for (var length = 0; length < Facts[name].Length; length++)
        {
            var cut = Facts[name].AsMemory(0, length);
            Assert.Throws<StateFormatException>(() =>
            {
                var reader = new StateReader(cut);
                EventCodec.Read(ref reader);
            });
        }
    }

    [Fact]
    public void A_kind_that_is_not_known_is_refused() => Assert.Throws<StateFormatException>(() =>
    {
        var reader = new StateReader(new byte[] { 34 });
        EventCodec.Read(ref reader);
    });

    [Theory, MemberData(nameof(OtherNames))]
    public void A_row_or_record_is_written_as_version_1_wrote_it(string name) =>
        VectorJson.AssertBytes(name, Others[name], StoredSamples.Others()[name]);

    [Fact]
    public void A_snapshot_is_read_whole_and_is_the_same_state()
    {
        var state = Read(Others["snapshot-4"], out var position);

        Assert.Equal(StoredSamples.Position, position);
        Assert.Equal(new UnheardSpan(1_699_999_744, 1_700_000_644), state.Sessions[0].Current.Unheard);
        Assert.True(Assert.Single(state.Pins).Document.IsEmpty);
        Assert.Equal([Suite.MLKem768P256, Suite.MLKem768], state.Pins[0].Suites.InOrder());
        VectorJson.AssertBytes("snapshot-4", Others["snapshot-4"], WriteAgain(state, position));
    }

    // Version 1 has the documents in its pins and no ids of acts, version 2 the same with those ids behind it.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_snapshot_of_an_older_version_is_the_same_state_with_its_documents_at_hand(byte version)
    {
        byte[] acts = [0, 1, .. Facts["operation-performed"][1..]];
        byte[] older = version == 1 ? Others["snapshot"] : [2, .. Others["snapshot"][1..], .. acts];
        var state = Read(older, out var position);

        Assert.Equal("document"u8.ToArray(), Assert.Single(state.Pins).Document.ToArray());
        Assert.Equal(version - 1, state.Performed.Count);
        Assert.Equal(StoredSamples.Position, position);

        // After the version, position, times, marks, generation and count of pins: fingerprint, document, proved. The document is none, so it has no suites.
        const int pins = 25;
        const int document = pins + Fingerprint.Size;
        byte[] expected =
        [
            .. Others["snapshot"][..document], 0, 0, .. Others["snapshot"][(document + 4 + "document".Length)..],
            .. version == 1 ? new byte[2] : acts,
        ];
        VectorJson.AssertBytes($"snapshot of version {version}", WithoutSpans(expected), WriteAgain(state, position));
    }

    [Fact]
    public void In_a_snapshot_of_version_3_no_epoch_has_gone_unheard()
    {
        var state = Read(Others["snapshot-3"], out var position);

        Assert.Equal(default, state.Sessions[0].Current.Unheard);
        VectorJson.AssertBytes("snapshot-3", WithoutSpans(Others["snapshot-3"]), WriteAgain(state, position));
    }

    [Fact]
    public void A_span_that_ends_before_it_begins_is_refused()
    {
        var bytes = Others["snapshot-4"].ToArray();
        byte[] span = [0x65, 0x53, 0xf0, 0x00, 0x65, 0x53, 0xf3, 0x84];
        bytes[bytes.AsSpan().IndexOf(span) + 4]--;

        Assert.Throws<StateFormatException>(() => Read(bytes, out _));
    }

    [Theory]
    [InlineData("snapshot")]
    [InlineData("snapshot-3")]
    [InlineData("snapshot-4")]
    public void A_snapshot_cut_short_or_too_long_is_refused(string name)
    {
        for (var length = 0; length < Others[name].Length; length++)
        {
            var cut = Others[name][..length];
            Assert.Throws<StateFormatException>(() => Read(cut, out _));
        }

        Assert.Throws<StateFormatException>(() => Read([.. Others[name], 0], out _));
    }

    [Fact]
    public void A_pin_with_a_suite_that_is_not_known_is_refused()
    {
        var bytes = Others["snapshot-4"].ToArray();
        var suites = 25 + Fingerprint.Size + 2;
        Assert.Equal([0, 1, 0, 4], bytes[suites..(suites + 4)]);
        bytes[suites + 3] = 6;

        Assert.Throws<StateFormatException>(() => Read(bytes, out _));
    }

    [Fact]
    public void A_documents_row_is_the_document_that_its_fingerprint_names()
    {
        var pinned = Fingerprint.Of("document"u8);

        Assert.Equal("document"u8.ToArray(), SnapshotCodec.ReadDocumentRow(Others["document-row"], pinned).ToArray());
        Assert.Throws<StateFormatException>(() => SnapshotCodec.ReadDocumentRow(Others["document-row"].AsMemory(1), pinned));
    }

    [Fact]
    public void The_time_in_the_store_counts_towards_an_epochs_age()
    {
        var state = new PeerState(new PeerKey(new IdentityName("alice"), new PeerId("bob")));
        SnapshotCodec.Read(Others["snapshot"], state, new UnixMillis(StoredSamples.Wall.Value + 60_000));

        Assert.Equal(65_000, state.Sessions[0].Current.AgeMillis);
    }

    [Fact]
    public void An_audit_event_carries_its_operation_when_it_has_one()
    {
        var act = new AuditEvent(
            DateTimeOffset.FromUnixTimeMilliseconds(StoredSamples.Wall.Value), "peer-added", "alice", "bob", "carol", "c-1", "pin",
            new ShardId("default", 7), StoredSamples.Position, 0, Guid.Parse("d0d1d2d3-d4d5-d6d7-d8d9-dadbdcdddedf"));
        var bytes = StoredSamples.Written(writer => Kyberium.Engine.Audit.AuditCodec.Write(writer, act));

        Assert.Equal(act, Kyberium.Engine.Audit.AuditCodec.Read(bytes, act.Shard, act.Position, 0));
        Assert.Equal(act with { Operation = default }, Kyberium.Engine.Audit.AuditCodec.Read(bytes.AsMemory(0, bytes.Length - 16), act.Shard, act.Position, 0));
    }

    [Fact]
    public void A_snapshot_of_another_version_is_refused()
    {
        var newer = Others["snapshot-4"].ToArray();
        newer[0]++;

        Assert.Throws<StateFormatException>(() => Read(newer, out _));
        Assert.Throws<StateFormatException>(() => Read([0, .. newer[1..]], out _));
    }

    [Fact]
    public void Message_rows_of_version_1_are_read_whole()
    {
        var queued = SnapshotCodec.ReadOutboxRow(Others["outbox-row"]);
        var accepted = SnapshotCodec.ReadInboxRow(Others["inbox-row"]);

        VectorJson.AssertBytes("outbox-row", Others["outbox-row"], StoredSamples.Written(writer => SnapshotCodec.WriteOutboxRow(writer, queued)));
        VectorJson.AssertBytes("inbox-row", Others["inbox-row"], StoredSamples.Written(writer => SnapshotCodec.WriteInboxRow(writer, accepted)));
    }

    [Fact]
    public void A_record_of_version_1_opens_under_the_peers_key_at_its_position_only()
    {
        var reader = new StateReader(Others["record"]);
        Assert.Equal(BatchRecord.Version, reader.Byte());
        var salt = reader.UInt128();
        var facts = BatchRecord.ReadEntry(ref reader);
        var audit = BatchRecord.ReadEntry(ref reader);
        Assert.True(reader.IsAtEnd);

        using var vault = StoredSamples.Vault();
        byte[] scratch = [];
        List<PeerEvent> opened = [];
        Assert.True(BatchRecord.TryOpen(facts, vault, salt, StoredSamples.Position, ref scratch, opened));
        Assert.Equal([typeof(PeerEvent.Suspended), typeof(PeerEvent.Acknowledged)], opened.Select(fact => fact.GetType()));
        Assert.False(BatchRecord.TryOpen(facts, vault, salt, new LogPosition(StoredSamples.Position.Value + 1), ref scratch, []));
        Assert.True(audit.IsAudit);
        var read = BatchRecord.ReadAudit(audit.Bytes, new ShardId("default", 7), StoredSamples.Position, 0);
        Assert.Equal(("rekeyed", "alice", "bob", "engine", "c-1", "epoch 2"), (read.Kind, read.Identity, read.Peer, read.Actor, read.Correlation, read.Detail));
    }

    [Fact]
    public void A_shards_row_is_read_whole_and_one_of_version_1_trusts_no_window()
    {
        var row = ShardRow.Read(Others["shard-row"]);
        var before = ShardRow.Read(Others["shard-row-before-windows"]);

        VectorJson.AssertBytes("shard-row", Others["shard-row"], StoredSamples.Written(row.Write));
        Assert.Equal((true, new Fence(2)), (row.IsLast, row.ExactFrom));
        Assert.Equal((false, default(Fence)), (before.IsLast, before.ExactFrom));
        Assert.Equal((row.Through, row.Fence), (before.Through, before.Fence));
        Assert.True(row.Tag.Span.SequenceEqual(before.Tag.Span) && row.Tenure.Span.SequenceEqual(before.Tenure.Span));
    }

    [Theory]
    [InlineData("shard-row")]
    [InlineData("shard-row-before-windows")]
    public void A_shards_row_of_another_version_or_length_is_refused(string name)
    {
        Assert.Throws<StateFormatException>(() => ShardRow.Read(Others[name].AsMemory(0, Others[name].Length - 1)));
        Assert.Throws<StateFormatException>(() => ShardRow.Read((byte[])[.. Others[name], 0]));
        Assert.Throws<StateFormatException>(() => ShardRow.Read((byte[])[3, .. Others[name][1..]]));
    }

    [Fact]
    public void An_audit_row_is_read_whole_and_its_key_is_its_place()
    {
        var act = StoredSamples.Act;
        Assert.Equal(act, AuditCodec.Read(Others["audit-row"], act.Shard, act.Position, act.Ordinal));
        Assert.Equal("000000000000000900000002", Convert.ToHexStringLower(AuditRows.KeyOf(act).Key.Span));
        Assert.Equal(RowKind.Audit, AuditRows.KeyOf(act).Kind);
    }

    [Fact]
    public void Windows_that_no_fact_has_reserved_are_not_taken_and_a_longer_reservation_holds()
    {
        var compact = StoredSamples.Windows()[0].Id;
        var traffic = Restored((compact, 70_000));

        var taken = Assert.Single(traffic.Receiving.OpenIncarnations.ToArray());
        Assert.Equal((compact, 70_001UL), (taken.Id, taken.ReservedEnd));
        Assert.Equal([5UL], Enumerable.Range(0, 8).Select(i => (ulong)i).Where(sequence => taken.Window.IsFresh(sequence)));
    }

    [Fact]
    public void Windows_that_were_taken_are_written_as_they_were()
    {
        var stored = ExactWindows.Read(Others["windows-row"], new Fence(3))!;
        var traffic = Restored([.. StoredSamples.Windows().Select(window => (window.Id, 0UL))]);

        var again = StoredSamples.Written(writer => Assert.Equal(stored.Digest, ExactWindows.Write(writer, new Fence(3), traffic.Peer)));
        VectorJson.AssertBytes("windows-row", Others["windows-row"], again);
    }

    [Fact]
    public void Windows_of_an_owner_before_the_one_that_counts_are_not_taken()
    {
        Assert.NotNull(ExactWindows.Read(Others["windows-row"], new Fence(3)));
        Assert.Null(ExactWindows.Read(Others["windows-row"], new Fence(4)));
        Assert.Throws<StateFormatException>(() => ExactWindows.Read(Others["windows-row"].AsMemory(0, Others["windows-row"].Length - 1), new Fence(3)));
        Assert.Throws<StateFormatException>(() => ExactWindows.Read((byte[])[.. Others["windows-row"], 0], new Fence(3)));
        Assert.Throws<StateFormatException>(() => ExactWindows.Read((byte[])[2, .. Others["windows-row"][1..]], new Fence(3)));
    }

    [Fact]
    public void The_document_shows_these_bytes()
    {
        var examples = Example().Matches(RepositoryFiles.Read("docs/formats/events.md"))
            .ToDictionary(match => match.Groups[1].Value, match => Hex(match.Groups[2].Value));
        var all = Facts.Concat(Others).ToDictionary();

        Assert.True(examples.Count >= 15, $"only {examples.Count} examples were read");
        Assert.Empty(examples.Keys.Except(all.Keys));
        Assert.All(examples, example => VectorJson.AssertBytes(example.Key, all[example.Key], example.Value));
    }

    [Fact]
    public void The_document_numbers_the_kinds_as_the_code_does()
    {
        var rows = KindRow().Matches(RepositoryFiles.Read("docs/formats/events.md"))
            .ToDictionary(match => match.Groups[2].Value, match => byte.Parse(match.Groups[1].Value, null));

        Assert.Equal(
            Facts.Select(fact => (fact.Key, fact.Value[0])).Order(), rows.Select(row => (row.Key, row.Value)).Order());
    }

    /// <summary>Makes a snapshot of an earlier layout one of version 4: each of its three epochs gets an empty span behind its counts.</summary>
    private static byte[] WithoutSpans(byte[] earlier)
    {
        var bytes = earlier.ToList();
        bytes[0] = 4;
        byte[] indices = [0x00, 0x03, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0x00, 0x05, 0x0d, 0xef, 0x01, 0x23, 0x45, 0x67];
        var from = 0;
        for (var epoch = 0; epoch < 3; epoch++)
        {
            var found = bytes.ToArray().AsSpan(from).IndexOf(indices);
            Assert.True(found >= 0);
            from += found + indices.Length + (4 * 8);       // age, records, bytes, failed opens
            bytes.InsertRange(from, new byte[8]);
        }

        return [.. bytes];
    }

    private static PeerState Read(byte[] snapshot, out LogPosition position)
    {
        var state = new PeerState(new PeerKey(new IdentityName("alice"), new PeerId("bob")));
        position = SnapshotCodec.Read(snapshot, state, StoredSamples.Wall);
        return state;
    }

    private static byte[] WriteAgain(PeerState state, LogPosition position) => StoredSamples.Written(writer => SnapshotCodec.Write(
        writer, state, new StepInput(StoredSamples.Wall, new MonotonicMillis(0), Kyberium.Engine.Cryptography.SystemEntropy.Instance), position));

    private static EpochTraffic Restored(params (Incarnation Id, ulong Through)[] reservations)
    {
        var epoch = StoredSamples.FirstEpoch();
        foreach (var (id, through) in reservations)
        {
            epoch.Reservations.Set(id, through);
        }

        StoredSamples.Windowed(epoch);
        var traffic = (EpochTraffic)epoch.Traffic!;
        ExactWindows.Read(Others["windows-row"], new Fence(3))!.Restore(traffic, TrafficLimits.Default);
        return traffic;
    }

    private static Comparer<Type> ByName { get; } = Comparer<Type>.Create((left, right) => string.CompareOrdinal(left.Name, right.Name));

    private static byte[] Hex(string block) => Convert.FromHexString(
        string.Concat(block.Split('\n').Select(line => line.Split('#')[0]).SelectMany(line => line.Where(char.IsAsciiHexDigit))));

    private static Dictionary<string, byte[]> Load(string part) => VectorJson.Load("events/v1.json").GetProperty(part).EnumerateObject()
        .ToDictionary(entry => entry.Name, entry => Convert.FromHexString(entry.Value.GetString()!));

    [GeneratedRegex("^```bytes ([a-z0-9-]+)\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"^\| (\d+) \| ([a-z-]+) \|", RegexOptions.Multiline)]
    private static partial Regex KindRow();
}
