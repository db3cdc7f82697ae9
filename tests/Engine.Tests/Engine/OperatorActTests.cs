namespace Kyberium.Engine.Tests.Engine;

/// <summary>What operators do leaves audit events in the same append as its facts, and is done once under one operation id.</summary>
public sealed class OperatorActTests
{
    private static readonly CallerContext Carol = new("carol", "ticket 7");

    public static TheoryData<string> Acts => [.. Calls.Keys];

    private static readonly Dictionary<string, Func<Party, Party, CallerContext, Task>> Calls = new()
    {
        ["peer-suspended"] = (alice, bob, caller) => alice.Engine.SuspendPeerAsync(bob.Id, caller: caller),
        ["peer-resumed"] = (alice, bob, caller) => alice.Engine.ResumePeerAsync(bob.Id, caller: caller),
        ["peer-released"] = (alice, bob, caller) => alice.Engine.ReleasePeerAsync(bob.Id, caller: caller),
        ["peer-removed"] = (alice, bob, caller) => alice.Engine.RemovePeerAsync(bob.Id, caller: caller),
        ["addresses-set"] = (alice, bob, caller) => alice.Engine.SetAddressesAsync(bob.Id, ["memory://elsewhere"], caller: caller),
        ["template-set"] = (alice, bob, caller) => alice.Engine.SetTemplateAsync(bob.Id, "strict", caller: caller),
        ["stream-reset"] = (alice, bob, caller) => alice.Engine.ResetStreamAsync(bob.Id, caller: caller),
        ["close-ordered"] = (alice, bob, caller) => alice.Engine.CloseAsync(bob.Id, caller: caller),
        ["identity-created"] = (alice, _, caller) => alice.Engine.CreateIdentityAsync(new IdentityName("second"), caller: caller),
        ["identity-rotated"] = (alice, _, caller) => alice.Engine.RotateIdentityAsync(IdentityName.Default, caller),
        ["peer-added"] = (alice, bob, caller) => AddAgainAsync(alice, bob, caller),
        ["pin-added"] = async (alice, bob, caller) => await alice.Engine.AddPinAsync(bob.Id, await RotatedAsync(bob), caller: caller),
    };

    [Theory, MemberData(nameof(Acts))]
    public async Task An_act_is_audited_once_with_its_operation_actor_and_correlation_however_often_it_is_repeated(string kind)
    {
        var (alice, bob) = await Party.PairAsync(suites: Party.BothSuites);
        await using var _a = alice;
        await using var _b = bob;
        var operation = Guid.NewGuid();

        await Calls[kind](alice, bob, Carol with { Operation = operation });
        await Calls[kind](alice, bob, Carol with { Operation = operation });

        await Party.UntilAsync(() => Task.FromResult(alice.Audit.Any(audit => audit.Kind == kind && audit.Operation == operation)));
        var act = Assert.Single(alice.Audit, audit => audit.Kind == kind && audit.Operation == operation);
        Assert.Equal(("carol", "ticket 7"), (act.Actor, act.Correlation));
        Assert.True(act.Position.Value > 0);
    }

    [Fact]
    public async Task One_id_on_two_acts_is_two_acts()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        var caller = Carol with { Operation = Guid.NewGuid() };

        await alice.Engine.SuspendPeerAsync(bob.Id, caller: caller);
        await alice.Engine.ResumePeerAsync(bob.Id, caller: caller);
        await alice.Engine.SuspendPeerAsync(bob.Id, caller: caller);     // a repeat of the first: answered as done, not done again

        Assert.NotEqual(PeerStatus.Suspended, (await alice.Engine.GetPeerAsync(bob.Id)).Status);
        await Party.UntilAsync(() => Task.FromResult(alice.Audit.Any(audit => audit.Kind == "peer-resumed")));
        Assert.Single(alice.Audit, audit => audit.Kind == "peer-suspended");
        Assert.Single(alice.Audit, audit => audit.Kind == "peer-resumed");
    }

    [Fact]
    public async Task A_repeat_after_a_restart_is_answered_and_not_done_again()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _b = bob;
        var (close, rotate) = (Carol with { Operation = Guid.NewGuid() }, Carol with { Operation = Guid.NewGuid() });
        await alice.Engine.CloseAsync(bob.Id, caller: close);
        var second = new IdentityName("second");
        await alice.Engine.CreateIdentityAsync(second);
        var rotated = await alice.Engine.RotateIdentityAsync(second, rotate);
        await alice.RestartAsync();
        await using var _a = alice;
        await alice.ConnectAsync(bob);
        var session = (await alice.PeerAsync(bob)).Session;

        await alice.Engine.CloseAsync(bob.Id, caller: close);
        var again = await alice.Engine.RotateIdentityAsync(second, rotate);

        Assert.Equal(session, (await alice.PeerAsync(bob)).Session);
        Assert.Equal(rotated.Fingerprint, again.Fingerprint);
        await alice.Engine.CloseAsync(bob.Id, caller: Carol with { Operation = Guid.NewGuid() });
        Assert.Equal(string.Empty, (await alice.PeerAsync(bob)).Session);
    }

    [Fact]
    public async Task One_operation_removes_every_peer_it_is_called_for()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        var stranger = await bob.Engine.CreateIdentityAsync(new IdentityName("stranger"));
        var other = new PeerId("other");
        await alice.Engine.AddPeerAsync(new NewPeer { Peer = other, PublicDocument = stranger.PublicDocument, Addresses = [] });
        var batch = Carol with { Operation = Guid.NewGuid() };

        await alice.Engine.RemovePeerAsync(bob.Id, caller: batch);
        await alice.Engine.RemovePeerAsync(other, caller: batch);
        await alice.Engine.RemovePeerAsync(other, caller: batch);

        Assert.Equal(EngineErrorCode.PeerUnknown, await Party.CodeOfAsync(() => alice.Engine.GetPeerAsync(other)));
    }

    [Fact]
    public async Task An_act_without_a_caller_is_the_applications_under_an_id_of_its_own_and_a_refused_one_leaves_nothing()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.Engine.SuspendPeerAsync(bob.Id);
        await Party.CodeOfAsync(() => alice.Engine.SuspendPeerAsync(new PeerId("nobody"), caller: Carol));
        await Party.CodeOfAsync(() => alice.Engine.FinishIdentityRotationAsync(IdentityName.Default, Carol));
        await alice.Engine.ResumePeerAsync(bob.Id);

        await Party.UntilAsync(() => Task.FromResult(alice.Audit.Any(audit => audit.Kind == "peer-resumed")));
        var suspended = Assert.Single(alice.Audit, audit => audit.Kind == "peer-suspended");
        Assert.Equal(("application", string.Empty), (suspended.Actor, suspended.Correlation));
        Assert.NotEqual(Guid.Empty, suspended.Operation);
        Assert.DoesNotContain(alice.Audit, audit => audit.Actor == "carol");
        await Assert.ThrowsAsync<ArgumentException>(() => alice.Engine.ResumePeerAsync(bob.Id, caller: new CallerContext(new string('x', 129))));
    }

    /// <summary>Goal: facts and audit event are one append. Method: the store fails that very commit; after recovery there is neither.</summary>
    [Fact]
    public async Task An_act_whose_commit_fails_leaves_neither_its_fact_nor_its_event()
    {
        var (alice, bob) = await Party.PairAsync();
        await using var _b = bob;
        await using var _a = alice;
        alice.Journal.Before = commit => commit.Record is null ? Task.CompletedTask : Task.FromException(new IOException("no disk"));

        await Assert.ThrowsAsync<EngineException>(() => alice.Engine.SuspendPeerAsync(bob.Id, caller: Carol));
        alice.Journal.Before = null;
        await Party.UntilAsync(async () =>
        {
            try
            {
                return (await alice.PeerAsync(bob)).Status == PeerStatus.Active;
            }
            catch (EngineException recovering) when (recovering.IsTransient)
            {
                return false;
            }
        });

        Assert.DoesNotContain(alice.Audit, audit => audit.Kind == "peer-suspended");
    }

    [Fact]
    public async Task Messages_that_were_set_aside_are_retried_and_dropped_with_an_event_each_and_a_repeat_is_not_refused()
    {
        var (alice, bob) = await Party.PairAsync(options => options.Delivery.HandlerAttemptsMax = 1);
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "poison");
        var id = await RejectAsync(bob);
        var (retry, drop) = (Carol with { Operation = Guid.NewGuid() }, Carol with { Operation = Guid.NewGuid() });

        await bob.Engine.RetryAsync(id, retry);
        await bob.Engine.RetryAsync(id, retry);
        await RejectAsync(bob);
        await bob.Engine.DropAsync(id, drop);
        await bob.Engine.DropAsync(id, drop);

        await Party.UntilAsync(() => Task.FromResult(bob.Audit.Any(audit => audit.Kind == "message-dropped")));
        Assert.Equal(retry.Operation, Assert.Single(bob.Audit, audit => audit.Kind == "message-retried").Operation);
        Assert.Equal(drop.Operation, Assert.Single(bob.Audit, audit => audit.Kind == "message-dropped").Operation);
        Assert.Equal(EngineErrorCode.MessageUnknown, await Party.CodeOfAsync(() => bob.Engine.DropAsync(id, Carol)));
    }

    private static async Task<ReceivedMessageId> RejectAsync(Party party)
    {
        await foreach (var message in party.Engine.ReceiveAsync(Party.Timely))
        {
            await party.Engine.RejectAsync(message.Id, Party.Timely);
            return message.Id;
        }

        throw new InvalidOperationException("the engine stopped");
    }

    // The first call replaces the pair's peer by one added under the caller; the second finds it there.
    private static async Task AddAgainAsync(Party alice, Party bob, CallerContext caller)
    {
        if (!alice.Audit.Any(audit => audit.Kind == "peer-removed"))
        {
            await alice.Engine.RemovePeerAsync(bob.Id);
            await Party.UntilAsync(() => Task.FromResult(alice.Audit.Any(audit => audit.Kind == "peer-removed")));
        }

        await alice.Engine.AddPeerAsync(new NewPeer { Peer = bob.Id, PublicDocument = bob.Document() }, caller);
    }

    private static async Task<ReadOnlyMemory<byte>> RotatedAsync(Party party)
    {
        if (party.Engine.GetIdentity(IdentityName.Default).PreviousFingerprint is null)
        {
            await party.Engine.RotateIdentityAsync(IdentityName.Default);
        }

        return party.Document();
    }
}
