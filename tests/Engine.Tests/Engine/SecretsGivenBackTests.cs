using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.SecretMemory;
using Kyberium.Engine.Tests.Cryptography;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Every secret an engine made is given up by somebody: what nobody zeroes stays in memory.</summary>
/// <remarks>Goal: no owner is dropped with its secret. Method: the places for secrets that are out in the process are counted before two
/// engines start and after they have ended, while no other test runs; what an engine of an earlier test still gives back only lowers the count.</remarks>
[Collection(nameof(SecretMemoryAlone))]
public sealed class SecretsGivenBackTests
{
    public static TheoryData<AeadProviderChoice> Providers =>
        AeadProvider.Intrinsics is null ? [AeadProviderChoice.Platform] : [AeadProviderChoice.Platform, AeadProviderChoice.Intrinsics];

    [Theory, MemberData(nameof(Providers))]
    public async Task Sessions_rekeys_messages_rotations_and_restarts_leave_no_secret_behind(AeadProviderChoice aead)
    {
        var before = SlabSets.TakenCount;
        await using (var pair = await TwoEngines.StartAsync(options => options.Cryptography.AeadProvider = aead))
        {
            await ExchangeAsync(pair, 1);
            await RekeyAsync(pair, 1);
            await ExchangeAsync(pair, 2);
            await pair.AliceHome.RestartAsync();
            await ExchangeAsync(pair, 3);
            await pair.Bob.RotateIdentityAsync(IdentityName.Default);
            await pair.Bob.FinishIdentityRotationAsync(IdentityName.Default);
            await pair.BobHome.RestartAsync();
            await pair.Bob.RemovePeerAsync(TwoEngines.AlicePeer, cancellationToken: Party.Timely);
        }

        await Party.UntilAsync(() => Task.FromResult(SlabSets.TakenCount <= before));
    }

    [Fact]
    public async Task Handshakes_that_come_to_nothing_leave_no_secret_behind()
    {
        var before = SlabSets.TakenCount;
        var (alice, bob) = await Party.PairAsync(options => options.Handshake.Timeout = TimeSpan.FromMilliseconds(300));
        Task underWay;
        await using (alice)
        await using (bob)
        {
            bob.Passes = static _ => false;     // message 1 is answered, and the answer lost
            var failure = await Assert.ThrowsAsync<EngineException>(() => alice.ConnectAsync(bob));
            Assert.Equal(EngineErrorCode.HandshakeTimedOut, failure.Code);
            await Party.UntilAsync(() => Task.FromResult(!bob.Sent.IsEmpty));
            alice.Passes = static _ => false;
            underWay = alice.ConnectAsync(bob);
        }

        await Assert.ThrowsAsync<EngineException>(() => underWay);

        await alice.EndAsync();
        await bob.EndAsync();
        await Party.UntilAsync(() => Task.FromResult(SlabSets.TakenCount <= before));
    }

    // Crash: the log's tail is folded over snapshots, with epochs in it that a later fact dropped.
    [Fact]
    public async Task Recovery_of_a_tail_with_rekeys_leaves_no_secret_behind()
    {
        var before = SlabSets.TakenCount;
        await using (var pair = await TwoEngines.StartAsync())
        {
            for (byte rekey = 1; rekey <= 3; rekey++)
            {
                await ExchangeAsync(pair, rekey);
                await RekeyAsync(pair, rekey);
            }

            var store = pair.AliceHome.Journal.Reopen();        // as it stands: no last checkpoint in it
            await using var recovered = await SessionEngine.StartAsync(new EngineOptions { Shard = { Count = 4 } }, pair.AliceHome.PartsOver(store), Party.Timely);
            Assert.Equal(3u, (await recovered.GetPeerAsync(TwoEngines.BobPeer, cancellationToken: Party.Timely)).Epoch);
        }

        await Party.UntilAsync(() => Task.FromResult(SlabSets.TakenCount <= before));
    }

    private static async Task RekeyAsync(TwoEngines pair, uint epoch)
    {
        await pair.Alice.RekeyAsync(TwoEngines.BobPeer, cancellationToken: Party.Timely);
        await Party.UntilAsync(async () => (await pair.Alice.GetPeerAsync(TwoEngines.BobPeer, cancellationToken: Party.Timely)).Epoch == epoch);
    }

    private static async Task ExchangeAsync(TwoEngines pair, byte number)
    {
        await pair.Alice.ConnectAsync(TwoEngines.BobPeer, cancellationToken: Party.Timely);
        var envelope = await pair.Alice.SealAsync(TwoEngines.BobPeer, new byte[] { number }, cancellationToken: Party.Timely);
        Assert.Equal(number, Assert.Single((await pair.Bob.OpenAsync(envelope, Party.Timely)).Payload.ToArray()));
        await pair.Alice.SendAsync(TwoEngines.BobPeer, new byte[] { number }, cancellationToken: Party.Timely);
        await foreach (var message in pair.Bob.ReceiveAsync(Party.Timely))
        {
            Assert.Equal(number, Assert.Single(message.Payload.ToArray()));
            await pair.Bob.AcknowledgeAsync(message.Id, Party.Timely);
            break;
        }
    }
}
