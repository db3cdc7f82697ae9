using FsCheck;
using FsCheck.Fluent;
using Kyberium.Engine.Cluster.Calls;
using Kyberium.Engine.Cluster.Framing;

namespace Kyberium.Engine.Cluster.Tests.Calls;

/// <summary>Goal: in whatever order things happen, each call is settled once and truthfully, and neither machine sees the other break a rule.
/// Method: stories of random steps over both machines, shrunk when they fail.</summary>
public sealed class CallTableTests
{
    [Fact]
    public void Every_story_ends_with_each_call_settled_once_and_truthfully() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300).WithEndSize(400),
        Prop.ForAll(Gen.Zip(Gen.Choose(0, 12), Gen.Choose(0, 100_000)).ListOf().ToArbitrary(), steps =>
        {
            var story = new Story();
            foreach (var (kind, argument) in steps)
            {
                if (story.Step(kind, argument) is { } problem)
                {
                    return false.Label(problem);
                }
            }

            var end = story.End();
            return (end is null).Label(end ?? "");
        }));

    [Fact]
    public void Stories_reach_what_they_are_about()
    {
        var random = new Random(1);
        var (losses, done, unknown, unreached) = (0, 0, 0, 0);
        for (var number = 0; number < 200; number++)
        {
            var story = new Story();
            for (var step = 0; step < 300; step++)
            {
                Assert.Null(story.Step(random.Next(13), random.Next(100_001)));
            }

            Assert.Null(story.End());
            losses += story.Losses;
            var answers = story.Submitted.Where(entry => entry.Call.Task.IsCompletedSuccessfully).Select(entry => entry.Call.Task.Result).ToList();
            done += answers.Count(answer => answer.Status == ClusterAnswerStatus.Done);
            unknown += answers.Count(answer => answer.Code == EngineErrorCode.OutcomeUnknown);
            unreached += answers.Count(answer => answer.Code is EngineErrorCode.NodeUnreachable or EngineErrorCode.Overloaded);
        }

        Assert.True(losses > 500 && done > 1_000 && unknown > 500 && unreached > 500, $"{losses} losses, {done} done, {unknown} unknown, {unreached} unreached");
    }

    [Fact]
    public void An_answer_to_what_was_not_asked_ends_the_connection()
    {
        var connection = new OutgoingConnection();
        connection.Welcome(Story.Grant);

        Assert.Throws<LinkProtocolException>(() => connection.Answer(new LinkItem { Kind = ItemKind.Answer, Correlation = 3, Status = WireStatus.Done }, default));
        Assert.Throws<LinkProtocolException>(() => connection.Answer(new LinkItem { Kind = ItemKind.Answer, Correlation = 4, Status = WireStatus.Done }, default));
        Assert.Throws<LinkProtocolException>(() => connection.Piece(new LinkItem { Kind = ItemKind.Piece, Correlation = 0 }, [1]));
        Assert.Throws<LinkProtocolException>(() => connection.Welcome(Story.Grant));
    }

    [Fact]
    public void A_batch_is_answered_when_its_last_request_is()
    {
        var calls = new CallTable(64);
        var connection = new OutgoingConnection();
        connection.Welcome(Story.Grant);
        calls.Connected(connection);
        var requests = Enumerable.Range(0, 3).Select(_ => TestCluster.Request(new byte[1])).ToArray();
        var answers = new ClusterAnswer[3];
        var batch = new BatchCall(requests, answers);
        using var writer = new FrameWriter();

        calls.Submit(batch, 0);
        calls.Fill(connection, writer, 0);
        for (uint slot = 0; slot < 3; slot++)
        {
            Assert.False(batch.Task.IsCompleted);
            connection.Answer(new LinkItem { Kind = ItemKind.Answer, Correlation = slot, Status = WireStatus.Done }, default);
        }

        Assert.True(batch.Task.IsCompletedSuccessfully);
        Assert.All(answers, answer => Assert.Equal(ClusterAnswerStatus.Done, answer.Status));
        Assert.False(calls.HasWork);
    }
}
