namespace Kyberium.Engine.Tests.Engine;

/// <summary>Goal: nobody is left with a peer that no session can be made with. Method: documents, templates and identities that do not go together, by every act that
/// joins them.</summary>
public sealed class SuiteAgreementTests : IAsyncLifetime
{
    private static readonly IdentityName Wide = new("wide");

    private readonly InMemoryNetwork _network = new();
    private Party _alice = null!;
    private Party _bob = null!;

    public async Task InitializeAsync()
    {
        (_alice, _bob) = (new Party("alice", _network), new Party("bob", _network));
        foreach (var party in new[] { _alice, _bob })
        {
            await party.StartAsync();
            await party.Engine.CreateIdentityAsync(IdentityName.Default);
            await party.Engine.CreateIdentityAsync(Wide, Party.BothSuites);
        }
    }

    public async Task DisposeAsync()
    {
        await _alice.DisposeAsync();
        await _bob.DisposeAsync();
    }

    [Fact]
    public async Task A_template_whose_suites_the_document_has_no_keys_for_is_refused_with_both_lists_and_claims_no_key()
    {
        var refused = await RefusedAsync(() => AddAsync(Wide, _bob.Document(), "strict"));

        Assert.Contains("'strict' allows MLKEM1024P384", refused.Message, StringComparison.Ordinal);
        Assert.Contains("has keys for MLKEM768P256 only", refused.Message, StringComparison.Ordinal);
        Assert.Equal(EngineErrorCode.PeerUnknown, await Party.CodeOfAsync(() => _alice.Engine.GetPeerAsync(_bob.Id, Wide)));
        await AddAsync(Wide, _bob.Document(), "default");
    }

    [Fact]
    public async Task A_template_whose_suites_the_identity_has_no_keys_for_is_refused_with_the_way_out_and_the_wide_one_is_not()
    {
        var refused = await RefusedAsync(() => AddAsync(IdentityName.Default, _bob.Document(Wide), "strict"));

        Assert.Contains("identity 'default' has keys for MLKEM768P256 only", refused.Message, StringComparison.Ordinal);
        Assert.Contains("identity create", refused.Message, StringComparison.Ordinal);
        await AddAsync(Wide, _bob.Document(Wide), "strict");
    }

    [Fact]
    public async Task Another_template_that_no_pinned_document_goes_with_is_refused_and_the_old_policy_stays_in_force()
    {
        await AddAsync(Wide, _bob.Document(), "default");
        var refused = await RefusedAsync(() => _alice.Engine.SetTemplateAsync(_bob.Id, "strict", Wide));

        Assert.Contains("has keys for MLKEM768P256 only", refused.Message, StringComparison.Ordinal);
        Assert.StartsWith("default@", (await _alice.Engine.GetPeerAsync(_bob.Id, Wide)).Template, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_document_that_the_policy_allows_no_suite_of_is_not_pinned()
    {
        await AddAsync(Wide, _bob.Document(Wide), "strict");
        await RefusedAsync(() => _alice.Engine.AddPinAsync(_bob.Id, _bob.Document(), Wide));

        Assert.Single((await _alice.Engine.GetPeerAsync(_bob.Id, Wide)).Pins);
    }

    [Fact]
    public async Task A_handshake_in_a_suite_that_the_policy_does_not_allow_is_refused_and_audited_with_the_suite()
    {
        await AddAsync(Wide, _bob.Document(Wide), "strict");
        await _bob.Engine.AddPeerAsync(new NewPeer { Peer = _alice.Id, Identity = Wide, PublicDocument = _alice.Document(Wide), Addresses = [_alice.Address] });
        var connecting = _bob.Engine.ConnectAsync(_alice.Id, Wide, cancellationToken: Party.Timely);      // the first of its default template: MLKEM768P256

        await Party.UntilAsync(() => Task.FromResult(
            _alice.Audit.Any(static audit => audit.Kind == "session-refused" && audit.Detail.Contains("MLKem768P256", StringComparison.Ordinal))));
        await _bob.Engine.DisposeAsync();
        await Assert.ThrowsAsync<EngineException>(() => connecting);
    }

    private Task<PeerInfo> AddAsync(IdentityName identity, ReadOnlyMemory<byte> document, string template) => _alice.Engine.AddPeerAsync(
        new NewPeer { Peer = _bob.Id, Identity = identity, PublicDocument = document, Addresses = [_bob.Address], Template = template });

    private static async Task<EngineException> RefusedAsync(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<EngineException>(call);
        Assert.Equal(EngineErrorCode.PolicyForbids, refused.Code);
        return refused;
    }
}
