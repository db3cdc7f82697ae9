namespace Kyberium.Engine.Tests.Engine;

/// <summary>An epoch past its hard age: data and messages wait, and callers are told at their deadline.</summary>
public sealed class EpochAgeTests
{
    [Fact]
    public async Task Past_thirty_hours_without_a_rekey_callers_wait_and_messages_stay_in_the_outbox_until_the_peer_is_back()
    {
        var time = new ManualTime();
        var (alice, bob) = await Party.PairAsync(time: time);
        await using var _a = alice;
        await using var _b = bob;
        await RepeatAsync(alice, bob, time, () => alice.SealAsync(bob, "connects").AsTask());
        Assert.Equal("young", await bob.OpenAsync(await alice.SealAsync(bob, "young")));
        var session = (await alice.PeerAsync(bob)).Session;

        alice.Passes = bob.Passes = static _ => false;
        var payload = "try"u8.ToArray();
        var envelope = new byte[payload.Length + SessionEngine.EnvelopeOverhead];
        Assert.True(alice.Engine.TrySeal(bob.Id, payload, envelope, out _));
        await MoveAsync(
            alice, bob, time, TimeSpan.FromMinutes(10), () => !alice.Engine.TrySeal(bob.Id, payload, envelope, out _));
        var sealing = alice.SealAsync(bob, "waits").AsTask();
        await alice.PeerAsync(bob);
        Assert.False(sealing.IsCompleted);
        await MoveAsync(alice, bob, time, TimeSpan.FromSeconds(1), () => sealing.IsCompleted);
        Assert.Equal(EngineErrorCode.EpochExhausted, await Party.CodeOfAsync(() => sealing));
        Assert.True(new EngineException(EngineErrorCode.EpochExhausted, string.Empty).IsTransient);
        await alice.SendAsync(bob, "durable");
        Assert.Equal((1, session), ((await alice.PeerAsync(bob)).OutboxCount, (await alice.PeerAsync(bob)).Session));

        alice.Passes = bob.Passes = static _ => true;
        var late = await RepeatAsync(alice, bob, time, () => alice.SealAsync(bob, "waits no more").AsTask());
        Assert.Equal("waits no more", await bob.OpenAsync(late));
        Assert.Equal(["durable"], await bob.ReceiveAsync(1));
    }

    [Theory]
    [InlineData(25, false)]     // the epoch lies in the log only
    [InlineData(25, true)]
    [InlineData(31, false)]
    [InlineData(31, true)]
    public async Task Time_in_the_store_counts_and_an_age_found_on_load_brings_new_keys_while_sealing_goes_on(int hours, bool hasSnapshot)
    {
        var time = new ManualTime();
        var (alice, bob) = await Party.PairAsync(time: time);
        await using var _b = bob;
        var connects = await RepeatAsync(alice, bob, time, () => alice.SealAsync(bob, "connects").AsTask());
        Assert.Equal("connects", await bob.OpenAsync(connects));
        var session = (await alice.PeerAsync(bob)).Session;
        if (hasSnapshot)
        {
            await alice.Engine.CheckpointAsync(Party.Timely);
        }

        var gone = alice.Engine;
        alice.Crash();
        time.Advance(TimeSpan.FromHours(hours));
        await alice.StartAsync();
        await using var _a = alice;
        Assert.Equal("at once", await bob.OpenAsync(await alice.SealAsync(bob, "at once")));
        var renewed = await alice.PeerAsync(bob);
        await Party.UntilAsync(
            async () => ((renewed = await alice.PeerAsync(bob)).Session, renewed.Epoch) != (session, 0u),
            () => time.Advance(TimeSpan.FromMilliseconds(10)));
        if (hours < 26)
        {
            Assert.Equal((session, 1u), (renewed.Session, renewed.Epoch));
        }

        // Past 26.4 hours the side that did not start the session acts by itself. With the other away that long it may be at a new session.
        await gone.DisposeAsync();
    }

    /// <summary>Repeats a call as long as its failure says that it may be repeated: the clock is quicker than the threads.</summary>
    private static async Task<byte[]> RepeatAsync(Party alice, Party bob, ManualTime time, Func<Task<byte[]>> call)
    {
        var timely = Party.Timely;
        while (true)
        {
            var running = call();
            await MoveAsync(alice, bob, time, TimeSpan.FromMilliseconds(100), () => running.IsCompleted);
            try
            {
                return await running;
            }
            catch (EngineException failure) when (failure.IsTransient)
            {
                timely.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Lets time pass in steps, and both engines do their work in between.</summary>
    private static async Task MoveAsync(Party alice, Party bob, ManualTime time, TimeSpan step, Func<bool> until)
    {
        var timely = Party.Timely;
        while (!until())
        {
            timely.ThrowIfCancellationRequested();
            time.Advance(step);
            for (var i = 0; i < 20 && !until(); i++)
            {
                await alice.PeerAsync(bob);
                await bob.PeerAsync(alice);
            }
        }
    }
}
