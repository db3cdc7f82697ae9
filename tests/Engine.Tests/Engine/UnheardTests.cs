using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Goal: a session that only one side seals in is asked after (docs/decisions/0015), wherever its peer spends the time between two looks.
/// Method: a clock that is moved; alice seals, bob says nothing, and the question is the next rekey carrier that leaves alice.</summary>
public sealed class UnheardTests : IAsyncDisposable
{
    private readonly ManualTime _time = new();
    private Party _alice = null!;
    private Party _bob = null!;

    [Fact]
    public async Task A_peer_that_leaves_memory_between_all_looks_is_asked()
    {
        await ConnectAsync();
        for (var i = 0; i < 2; i++)
        {
            await _alice.Engine.AddPeerAsync(new NewPeer { Peer = new PeerId($"other-{i}"), PublicDocument = await StrangerAsync(i), Addresses = [] });
        }

        await SealAndPassAsync(PushOutAsync, PushOutAsync, PushOutAsync);
        Assert.False(HasAsked);

        await _alice.SealAsync(_bob, "the fourth, after 18 minutes");
        await OthersComeByAsync();
        await Party.UntilAsync(() => Task.FromResult(HasAsked), () => _time.Advance(TimeSpan.FromMilliseconds(100)));
    }

    [Fact]
    public async Task A_process_that_is_started_again_between_all_looks_asks()
    {
        await ConnectAsync();
        await SealAndPassAsync(RestartAsync, RestartAsync, RestartAsync);
        Assert.False(HasAsked);

        await _alice.SealAsync(_bob, "the fourth, after 18 minutes");
        await Party.UntilAsync(() => Task.FromResult(HasAsked), () => _time.Advance(TimeSpan.FromSeconds(30)));
    }

    public async ValueTask DisposeAsync()
    {
        await _alice.DisposeAsync();
        await _bob.DisposeAsync();
    }

    private bool HasAsked => CarrierCount > 1;      // the first says that the session is settled

    private int CarrierCount => _alice.Sent.Count(envelope => envelope[1] == (byte)EnvelopeType.RekeyCarrier);

    private async Task ConnectAsync()
    {
        (_alice, _bob) = await Party.PairAsync(
            options =>
            {
                options.Shard.Count = 1;
                options.Residency.ResidentPeersMax = 1;
            },
            _time);
        Assert.Equal("hello", await _bob.OpenAsync(await _alice.SealAsync(_bob, "hello")));
        await Party.UntilAsync(() => Task.FromResult(CarrierCount == 1));
        _bob.Passes = static _ => false;
    }

    private async Task SealAndPassAsync(params Func<Task>[] leave)
    {
        foreach (var leaves in leave)
        {
            await _alice.SealAsync(_bob, "is anybody there?");
            await leaves();
            _time.Advance(TimeSpan.FromMinutes(6));
        }
    }

    private Task RestartAsync() => _alice.RestartAsync();

    private async Task PushOutAsync()
    {
        await OthersComeByAsync();
        await Party.UntilAsync(() => Task.FromResult(_alice.Engine.ResidentPeers <= 1));
    }

    // The clock hand takes whoever was not used since its last round: of three that are used in turn, each goes.
    private async Task OthersComeByAsync()
    {
        for (var i = 0; i < 8; i++)
        {
            await _alice.Engine.GetPeerAsync(new PeerId($"other-{i % 2}"), cancellationToken: Party.Timely);
        }
    }

    private static async Task<ReadOnlyMemory<byte>> StrangerAsync(int number)
    {
        await using var stranger = new Party($"stranger-{number}", new InMemoryNetwork());
        await stranger.StartAsync();
        return (await stranger.Engine.CreateIdentityAsync(IdentityName.Default)).PublicDocument;
    }
}
