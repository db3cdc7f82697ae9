using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Storage;
using Kyberium.Engine.Tests.Sessions.Model;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions;

/// <summary>Goal: the laws that recovery and batching rest on hold after any story. Method: FsCheck draws stories of two real machines
/// (loss, repetition, reordering, crashes, both starting) and shrinks what breaks a law; the explorer has all short stories, this has long ones.</summary>
public sealed class LawTests
{
    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(250);

    private static Arbitrary<int[]> Choices => ArbMap.Default.ArbFor<int[]>();

    [Fact]
    public void Any_story_ends_with_every_queued_message_accepted_once_and_in_order()
    {
        var accepted = 0;
        Check.One(Config, Prop.ForAll(Choices, choices =>
        {
            var world = Story.Tell(choices).Settle();
            accepted += Accepted(world.A).Length + Accepted(world.B).Length;

            Assert.Null(world.Violation);
            Assert.Equal(Queued(world.A), Accepted(world.B));
            Assert.Equal(Queued(world.B), Accepted(world.A));
            Assert.Equal(0, world.A.State.Outgoing.Count + world.B.State.Outgoing.Count);
            Assert.Equal(world.A.State.Sending?.Id, world.B.State.Sending?.Id);
        }));
        Assert.True(accepted > 1_000, $"only {accepted} messages in all stories");
    }

    [Fact]
    public void Facts_applied_over_a_snapshot_taken_anywhere_give_the_state_that_all_facts_give() =>
        Check.One(Config, Prop.ForAll(Choices, choices =>
        {
            var world = Story.Tell(choices);
            foreach (var facts in new[] { world.A.Durable, world.B.Durable })
            {
                var whole = Stored(Side.Fold(facts));
                foreach (var cut in Cuts(choices, facts.Count))
                {
                    var state = Restored(Stored(Side.Fold(facts.Take(cut))));
                    foreach (var fact in facts.Skip(cut))
                    {
                        PeerFacts.Apply(state, fact);
                    }

                    Assert.Equal(whole, Stored(state));
                }
            }
        }));

    [Fact]
    public void What_a_state_holds_survives_its_encoding() =>
        Check.One(Config, Prop.ForAll(Choices, choices =>
        {
            var world = Story.Tell(choices);
            foreach (var side in new[] { world.A, world.B })
            {
                var stored = Stored(Side.Fold(side.Durable));
                Assert.Equal(stored, Stored(Restored(stored)));
            }
        }));

    [Fact]
    public void Commands_decided_in_one_batch_give_the_facts_they_give_one_by_one() =>
        Check.One(Config, Prop.ForAll(Choices, choices =>
        {
            var world = Story.Tell(choices);
            var sends = choices.Select((choice, i) => new PeerCommand.Send(
                new Guid(i, 0, 0, new byte[8]), IsRepeatable: choice % 3 == 0, MessageFlags.None, ExpiresAt: null,
                Encoding.UTF8.GetBytes($"{choice}"))).Take(8).Cast<PeerCommand>().ToList();
            var (together, alone) = (world.A.Copy(), world.A.Copy());
            var input = world.Input(world.A);

            var batch = new StepOutput();
            var replies = sends.ConvertAll(command => together.Machine.Decide(command, input, batch));
            together.Machine.Settle(input, batch);
            var single = new StepOutput();
            var each = sends.ConvertAll(command =>
            {
                var reply = alone.Machine.Decide(command, input, single);
                alone.Machine.Settle(input, single);
                return reply;
            });

            Assert.Equal(each, replies);
            Assert.Equal(Bytes(single.Events), Bytes(batch.Events));
            Assert.Equal(Stored(alone.State), Stored(together.State));
        }));

    private static string[] Queued(Side side) =>
        [.. side.Durable.OfType<PeerEvent.MessageQueued>().Select(message => Encoding.UTF8.GetString(message.Payload.Span))];

    private static string[] Accepted(Side side) =>
        [.. side.Durable.OfType<PeerEvent.MessageAccepted>().Select(message => Encoding.UTF8.GetString(message.Payload.Span))];

    private static IEnumerable<int> Cuts(int[] choices, int count) =>
        choices.Take(4).Select(choice => (choice & int.MaxValue) % (count + 1)).Append(count).Append(0).Where(cut => cut > 0).Distinct();

    private static byte[][] Bytes(IEnumerable<PeerEvent> facts) => [.. facts.Select(fact => Written(writer => EventCodec.Write(writer, fact)))];

    /// <summary>What a checkpoint writes of a state: its snapshot, then the rows of its outbox and inbox.</summary>
    private static byte[][] Stored(PeerState state)
    {
        var outgoing = state.Outgoing;
        var rows = new List<byte[]>
        {
            Written(writer => SnapshotCodec.Write(
                writer, state, new StepInput(new UnixMillis(0), new MonotonicMillis(0), SystemEntropy.Instance), new LogPosition(1))),
        };
        for (var number = outgoing.LowestUnacknowledged; number < outgoing.Next; number++)
        {
            rows.Add([0, .. Written(writer => SnapshotCodec.WriteOutboxRow(writer, outgoing[number]))]);
        }

        rows.AddRange(state.Incoming.Unhandled.Select(message =>
            (byte[])[1, .. Written(writer => SnapshotCodec.WriteInboxRow(writer, message))]));
        return [.. rows];
    }

    private static PeerState Restored(byte[][] stored)
    {
        var state = new PeerState(Side.Key);
        _ = SnapshotCodec.Read(stored[0], state, new UnixMillis(0));
        foreach (var row in stored.Skip(1))
        {
            if (row[0] == 0)
            {
                state.Outgoing.Add(SnapshotCodec.ReadOutboxRow(row.AsMemory(1)));
                continue;
            }

            var message = SnapshotCodec.ReadInboxRow(row.AsMemory(1));
            state.Incoming.Unhandled.AddLast(message);
            state.Incoming.PayloadBytes += message.Payload.Length;
        }

        return state;
    }

    private static byte[] Written(Action<StateWriter> write)
    {
        var writer = new StateWriter();
        write(writer);
        return writer.Written.ToArray();
    }
}
