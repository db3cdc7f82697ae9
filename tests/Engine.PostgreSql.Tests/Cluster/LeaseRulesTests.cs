using FsCheck;
using FsCheck.Fluent;
using Kyberium.Engine.PostgreSql.Cluster;

namespace Kyberium.Engine.PostgreSql.Tests.Cluster;

/// <summary>Goal: by whatever calls and answers, a node never relies on a lease that the database may have ended. Method: both clocks as numbers.</summary>
public sealed class LeaseRulesTests
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(10);

    [Fact]
    public void A_node_joins_renews_at_a_third_and_stops_at_nine_tenths()
    {
        Assert.Equal((LeaseAct.Join, At(5)), LeaseRules.Decide(LeaseRules.Begin(At(5)), At(5)));
        var held = Assert.IsType<LeaseState.Held>(LeaseRules.Joined(3, Length, sentAt: At(5), now: At(6)));

        Assert.Equal((3L, At(14)), (held.Incarnation, held.ValidUntil));
        Assert.Equal((LeaseAct.Wait, held.NextRenewal), LeaseRules.Decide(held, At(8)));
        Assert.Equal(LeaseAct.Renew, LeaseRules.Decide(held, held.NextRenewal).Act);
        Assert.Equal(LeaseAct.Renew, LeaseRules.Decide(held, At(13.999)).Act);
        Assert.Equal(LeaseAct.Stop, LeaseRules.Decide(held, At(14)).Act);
        var renewed = Assert.IsType<LeaseState.Held>(LeaseRules.Renewed(held, sentAt: At(9), now: At(13)));
        Assert.Equal(At(18), renewed.ValidUntil);
    }

    [Fact]
    public void A_renewal_answered_after_the_end_does_not_bring_the_lease_back()
    {
        var held = (LeaseState.Held)LeaseRules.Joined(3, Length, At(0), At(0));

        Assert.Equal(new LeaseState.Out(At(9), 3), LeaseRules.Renewed(held, sentAt: At(8.9), now: At(9)));
        Assert.Equal(new LeaseState.Out(At(20), 3), LeaseRules.Joined(3, Length, sentAt: At(1), now: At(20)));
    }

    [Fact]
    public void An_unanswered_renewal_is_tried_again_soon_and_moves_the_end_nowhere()
    {
        var held = (LeaseState.Held)LeaseRules.Joined(3, Length, At(0), At(0));
        var tried = Assert.IsType<LeaseState.Held>(LeaseRules.Unanswered(held, At(6)));

        Assert.Equal((At(9), At(7)), (tried.ValidUntil, tried.NextRenewal));
        Assert.IsType<LeaseState.Out>(LeaseRules.Unanswered(held, At(9)));
        Assert.Equal((LeaseAct.Wait, At(4)), LeaseRules.Decide(LeaseRules.NotJoined(new LeaseState.Out(At(1), 3), At(1), At(3)), At(2)));
    }

    [Fact]
    public void Whatever_is_lost_or_late_the_node_stops_before_the_database_gives_its_shards_away()
    {
        var (served, ended) = (0, 0);
        Check.One(Config.QuickThrowOnFailure.WithMaxTest(1_000).WithEndSize(60), Prop.ForAll(ArbMap.Default.ArbFor<int[]>(), choices =>
        {
            // The database's clock runs up to 5 % faster or slower; margin is 10 %. Each choice is one turn: how long a call takes to
            // arrive and to come back, whether it is lost on the way there or back, and how long the process sleeps afterwards.
            var rate = 1 + ((choices.Length % 11) - 5) / 100.0;
            var (now, databaseEnd, incarnation) = (TimeSpan.Zero, TimeSpan.MinValue, 0L);
            var state = LeaseRules.Begin(now);
            foreach (var choice in choices.Select(static choice => (uint)choice))
            {
                var (act, until) = LeaseRules.Decide(state, now);
                var (there, back) = (TimeSpan.FromMilliseconds(choice % 1_500), TimeSpan.FromMilliseconds(choice / 7 % 2_500));
                var sentAt = now;
                switch (act)
                {
                    case LeaseAct.Stop:
                        state = LeaseRules.Over((LeaseState.Held)state, now);
                        ended++;
                        break;
                    case LeaseAct.Wait:
                        now = until;
                        break;
                    default:
                        var arrival = Database(now + there);
                        var (arrives, answered) = (choice % 5 != 0, choice % 3 != 0);
                        now += there + back;
                        var isLive = act == LeaseAct.Join || arrival < databaseEnd;
                        if (arrives && isLive)
                        {
                            databaseEnd = arrival + Length;
                        }

                        state = (state, arrives && answered, isLive) switch
                        {
                            (LeaseState.Out, true, _) => LeaseRules.Joined(++incarnation, Length, sentAt, now),
                            (LeaseState.Out waiting, false, _) => LeaseRules.NotJoined(waiting, now, At(0.1)),
                            (LeaseState.Held held, true, true) => LeaseRules.Renewed(held, sentAt, now),
                            (LeaseState.Held held, true, false) => LeaseRules.Over(held, now),
                            (LeaseState.Held held, _, _) => LeaseRules.Unanswered(held, now),
                            _ => state,
                        };
                        break;
                }

                now += choice % 13 == 0 ? TimeSpan.FromMilliseconds(choice / 13 % 15_000) : TimeSpan.Zero;    // paused
                if (state is LeaseState.Held serving && now < serving.ValidUntil)
                {
                    Assert.True(Database(serving.ValidUntil) < databaseEnd, $"{state}: the database ends at {databaseEnd}");
                    served++;
                }
            }

            TimeSpan Database(TimeSpan here) => TimeSpan.FromHours(1) + (here * rate);
        }));
        Assert.True(served > 3_000 && ended > 30, $"served {served} times, ended {ended} times");
    }

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);
}
