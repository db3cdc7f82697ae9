using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>
/// Goal: no volatile envelope is opened twice, however its receiver leaves memory, and none is lost when it leaves cleanly (PROTOCOL section 4).
/// Method: every short history of leavings, with records opened and left out in between; then all envelopes are replayed.
/// </summary>
public sealed class ExactWindowTests
{
    private const int HistoryLength = 3;

    private enum Leaving
    {
        Passivation,
        CleanStop,
        Crash,
    }

    public static TheoryData<int> Histories => [.. Enumerable.Range(0, (int)Math.Pow(Enum.GetValues<Leaving>().Length, HistoryLength))];

    [Theory, MemberData(nameof(Histories))]
    public async Task No_history_opens_an_envelope_twice_and_a_clean_one_loses_none(int number)
    {
        var history = HistoryOf(number);
        await using var pair = await Pair.StartAsync();
        foreach (var leaving in history)
        {
            await pair.SealAsync(3);
            await pair.OpenAsync(^3);
            await pair.OpenAsync(^1);       // the one between stays a gap
            await pair.LeaveAsync(leaving);
            await pair.OpenAsync(^3);       // a replay, straight after it came back
        }

        await pair.LeaveAsync(Leaving.Passivation);
        await pair.OpenAllAsync();
        await pair.OpenAllAsync();

        Assert.All(pair.Opened, count => Assert.InRange(count, 0, 1));
        if (!history.Contains(Leaving.Crash))
        {
            Assert.All(pair.Opened, count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public async Task A_stop_that_fails_at_any_commit_leaves_no_window_to_be_trusted()
    {
        var failures = 0;
        for (var cut = 1; ; cut++)
        {
            await using var pair = await Pair.StartAsync();
            await pair.SealAsync(4);
            await pair.LeaveAsync(Leaving.CleanStop);
            await pair.OpenAsync(^4);
            if (!await pair.StopFailingAtAsync(cut))
            {
                break;
            }

            failures++;
            await pair.OpenAllAsync();
            await pair.OpenAllAsync();
            Assert.All(pair.Opened, count => Assert.InRange(count, 0, 1));
        }

        Assert.True(failures >= 1, "the last checkpoint is at least one commit");
    }

    private static List<Leaving> HistoryOf(int number)
    {
        var history = new List<Leaving>();
        for (var step = 0; step < HistoryLength; step++)
        {
            history.Add((Leaving)(number % 3));
            number /= 3;
        }

        return history;
    }

    /// <summary>Alice seals, bob opens; bob has place for one peer and knows more.</summary>
    private sealed class Pair(Party alice, Party bob) : IAsyncDisposable
    {
        private readonly List<byte[]> _envelopes = [];

        internal List<int> Opened { get; } = [];

        internal static async Task<Pair> StartAsync()
        {
            var (alice, bob) = await Party.PairAsync(options =>
            {
                options.Shard.Count = 1;
                options.Residency.ResidentPeersMax = 1;
            });
            await using var strangers = new Party("strangers", new InMemoryNetwork());
            await strangers.StartAsync();
            for (var i = 0; i < 3; i++)
            {
                var stranger = await strangers.Engine.CreateIdentityAsync(new IdentityName($"stranger-{i}"));
                await bob.Engine.AddPeerAsync(new NewPeer { Peer = Stranger(i), PublicDocument = stranger.PublicDocument, Addresses = [] });
            }

            // Bob has seen alice use the session, durably: one that he doubts keeps her in memory for minutes, whatever else happens.
            await alice.ConnectAsync(bob);
            await alice.SendAsync(bob, "there");
            Assert.Equal(["there"], await bob.ReceiveAsync(1));
            return new Pair(alice, bob);
        }

        internal async Task SealAsync(int count)
        {
            for (var i = 0; i < count; i++)
            {
                _envelopes.Add(await alice.SealAsync(bob, $"envelope {_envelopes.Count}"));
                Opened.Add(0);
            }
        }

        internal async Task OpenAsync(Index index)
        {
            var number = index.GetOffset(_envelopes.Count);
            try
            {
                Assert.Equal($"envelope {number}", await bob.OpenAsync(_envelopes[number]));
                Opened[number]++;
            }
            catch (EngineException refused)
            {
                Assert.Equal(EngineErrorCode.EnvelopeRejected, refused.Code);
            }
        }

        internal async Task OpenAllAsync()
        {
            for (var i = 0; i < _envelopes.Count; i++)
            {
                await OpenAsync(i);
            }
        }

        internal async Task LeaveAsync(Leaving leaving)
        {
            switch (leaving)
            {
                case Leaving.Passivation:
                    await PushOutAsync();
                    break;
                case Leaving.CleanStop:
                    await bob.RestartAsync();
                    break;
                default:
                    bob.Crash();
                    await bob.StartAsync();
                    break;
            }
        }

        /// <summary>Stops cleanly, with a journal that is taken away at the given commit of the shard; then starts again.</summary>
        /// <returns>Whether the stop came that far.</returns>
        internal async Task<bool> StopFailingAtAsync(int cut)
        {
            var commits = 0;
            bob.Journal.Before = commit => commit.Shard != ShardId.Directory && Interlocked.Increment(ref commits) >= cut
                ? throw new IOException("crashed")
                : Task.CompletedTask;
            await bob.Engine.DisposeAsync();
            bob.Reopen();
            await bob.StartAsync();
            return commits >= cut;
        }

        public async ValueTask DisposeAsync()
        {
            await alice.DisposeAsync();
            await bob.DisposeAsync();
        }

        private Task PushOutAsync()
        {
            var key = new PeerKey(IdentityName.Default, alice.Id);
            var shard = bob.Engine.RunningShards.Single();
            return Party.UntilAsync(async () =>
            {
                for (var i = 0; i < 3; i++)
                {
                    await bob.Engine.GetPeerAsync(Stranger(i), cancellationToken: Party.Timely);
                }

                return shard.FindResident(key) is null;
            });
        }

        private static PeerId Stranger(int number) => new($"stranger-{number}");
    }
}
