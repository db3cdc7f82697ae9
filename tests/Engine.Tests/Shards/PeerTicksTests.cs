namespace Kyberium.Engine.Tests.Shards;

/// <summary>Goal: what is due for a peer happens at its time, whatever else is due. Method: messages that expire, on a clock that the test moves.</summary>
public sealed class PeerTicksTests
{
    [Fact]
    public async Task What_is_due_happens_then_and_not_before()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Send("bob", "expires", expiresInMillis: 5_000);
        lone.Advance(TimeSpan.FromMilliseconds(4_999));
        Assert.Equal(0, lone.Reports("message-expired"));
        lone.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(1, lone.Reports("message-expired"));
    }

    [Fact]
    public async Task An_earlier_deadline_that_comes_later_is_met_and_the_later_one_too()
    {
        await using var lone = LoneShard.Start();
        lone.Add("late", "early");
        lone.Send("late", "1", expiresInMillis: 9_000);
        lone.Send("early", "1", expiresInMillis: 2_000);
        lone.Send("late", "2", expiresInMillis: 20_000);
        lone.Advance(TimeSpan.FromMilliseconds(2_000));
        Assert.Equal(1, lone.Reports("message-expired"));
        lone.Advance(TimeSpan.FromMilliseconds(7_000));
        Assert.Equal(2, lone.Reports("message-expired"));
        lone.Advance(TimeSpan.FromMilliseconds(11_000));
        Assert.Equal(3, lone.Reports("message-expired"));
    }

    [Fact]
    public async Task However_many_are_due_at_once_all_have_their_turn()
    {
        await using var lone = LoneShard.Start(change: settings => settings with { Shard = settings.Shard with { BatchCountMax = 3 } });
        for (var i = 0; i < 20; i++)
        {
            lone.Add($"peer-{i}");
            lone.Send($"peer-{i}", "expires", expiresInMillis: 60_000);
        }

        lone.Advance(TimeSpan.FromMilliseconds(60_000));
        for (var turn = 0; turn < 20 / 3; turn++)
        {
            lone.Advance(TimeSpan.Zero);
        }

        Assert.Equal(20, lone.Reports("message-expired"));
    }

    [Fact]
    public async Task Deadlines_that_are_replaced_again_and_again_do_not_pile_up_and_none_is_missed()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob", "carol");
        lone.Send("carol", "expires", expiresInMillis: 30_000);
        for (var i = 0; i < 300; i++)
        {
            lone.Send("bob", "expires", expiresInMillis: 100_000 - (i * 100));
        }

        lone.Advance(TimeSpan.FromMilliseconds(30_000));
        Assert.Equal(1, lone.Reports("message-expired"));
        lone.Advance(TimeSpan.FromMilliseconds(70_000));
        Assert.Equal(301, lone.Reports("message-expired"));
    }

    [Fact]
    public async Task A_peer_that_was_forgotten_has_nothing_due()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Send("bob", "expires", expiresInMillis: 5_000);
        _ = lone.Do("bob", new Kyberium.Engine.Sessions.PeerCommand.Forget());
        lone.Run();
        lone.Add("bob");
        lone.Advance(TimeSpan.FromMilliseconds(5_000));
        Assert.Equal(0, lone.Reports("message-expired"));
    }

    [Fact]
    public async Task What_was_due_while_nobody_had_the_shard_happens_when_it_is_recovered()
    {
        await using var lone = LoneShard.Start();
        lone.Add("bob");
        lone.Send("bob", "expires", expiresInMillis: 5_000);
        lone.Restart();
        lone.Recover();
        lone.Run();
        lone.Advance(TimeSpan.FromMilliseconds(5_000));
        Assert.Equal(1, lone.Reports("message-expired"));
    }
}
