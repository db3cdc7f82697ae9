using Kyberium.Engine.Sessions;
using Kyberium.Engine.Shards;
using Kyberium.Engine.Templates;
using PolicyWord = Kyberium.Engine.Templates.UnchainedHandshake;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>Every limit of a peer comes from its policy or from the options, in the machine's units.</summary>
public sealed class PeerPoliciesTests
{
    private static readonly Policy Default = TemplateStore.Load(null).Get("default").Policy;

    [Fact]
    public void What_the_policy_says_is_what_the_machine_works_with()
    {
        var limits = PeerPolicies.Limits(
            Default with
            {
                UnchainedHandshake = PolicyWord.Hold,
                Rekey = Default.Rekey with { AgeSoft = TimeSpan.FromMinutes(2), AgeHard = TimeSpan.FromMinutes(3) },
                PreviousEpochKeep = TimeSpan.FromSeconds(4),
                MessageExpiry = TimeSpan.FromSeconds(5),
                Outbox = new QueueLimits(6, 7),
                Inbox = new QueueLimits(8, 9),
                PayloadBytesMax = 10,
            },
            new EngineOptions().ToSettings());

        Assert.Equal(Default.Suites.Items, limits.Suites);
        Assert.Equal(Kyberium.Engine.Sessions.UnchainedHandshake.Hold, limits.Unchained);
        Assert.Equal((120_000, 180_000, 4_000, 5_000), (limits.EpochAgeMillis, limits.EpochAgeMillisMax, limits.PreviousKeptMillis, limits.MessageExpiryMillis));
        Assert.Equal((6, 7, 8, 9, 10), (limits.OutboxCountMax, limits.OutboxBytesMax, limits.InboxCountMax, limits.InboxBytesMax, limits.PayloadBytesMax));
    }

    [Theory]
    [InlineData("Allow")]
    [InlineData("Hold")]
    [InlineData("Refuse")]
    public void The_word_for_unchained_handshakes_means_the_same(string word)
    {
        var policy = Default with { UnchainedHandshake = Enum.Parse<PolicyWord>(word) };
        Assert.Equal(word, PeerPolicies.Limits(policy, new EngineOptions().ToSettings()).Unchained.ToString());
    }

    [Fact]
    public void What_the_options_say_is_what_the_machine_works_with()
    {
        var options = new EngineOptions();
        options.Handshake.Timeout = TimeSpan.FromSeconds(20);
        options.Handshake.RetryInitial = TimeSpan.FromSeconds(2);
        options.Handshake.RetryMax = TimeSpan.FromSeconds(40);
        options.Delivery.ResendJitter = 0.3;
        options.Delivery.InFlightCountMax = 11;
        options.Delivery.EarlyCountMax = 12;
        var limits = PeerPolicies.Limits(Default, options.ToSettings());

        Assert.Equal((20_000, 1_000, 2_000, 40_000), (
            limits.HandshakeTimeoutMillis, limits.HandshakeResendMillis, limits.HandshakeBackoffMillis, limits.HandshakeBackoffMillisMax));
        Assert.Equal((0.3, 11, 12), (limits.ResendJitter, limits.InFlightCountMax, limits.EarlyCountMax));
    }

    [Fact]
    public void A_short_timeout_does_not_make_the_first_repetition_come_sooner_than_a_round_trip()
    {
        var options = new EngineOptions();
        options.Handshake.Timeout = TimeSpan.FromMilliseconds(200);
        Assert.Equal(50, PeerPolicies.Limits(Default, options.ToSettings()).HandshakeResendMillis);
    }

    [Theory]
    [InlineData(100, 10, 300, 20, 5, 9)]
    [InlineData(300, 20, 100, 10, 9, 5)]
    public void Where_policy_and_options_both_bound_something_the_gentler_one_holds(
        int policyInitial, int policyMax, int optionInitial, int optionMax, int policyAttempts, int optionAttempts)
    {
        var options = new EngineOptions();
        options.Delivery.ResendInitial = TimeSpan.FromMilliseconds(optionInitial);
        options.Delivery.ResendMax = TimeSpan.FromSeconds(optionMax);
        options.Delivery.HandlerAttemptsMax = optionAttempts;
        var policy = Default with
        {
            Resend = new ResendPolicy(TimeSpan.FromMilliseconds(policyInitial), TimeSpan.FromSeconds(policyMax)),
            HandlerAttemptsMax = policyAttempts,
        };
        var limits = PeerPolicies.Limits(policy, options.ToSettings());

        Assert.Equal((300, 10_000, 5), (limits.ResendMillis, limits.ResendMillisMax, limits.HandlerAttemptsMax));
    }

    [Fact]
    public void The_machines_own_figures_of_time_are_those_of_default_options_and_the_default_policy()
    {
        var limits = PeerPolicies.Limits(Default, new EngineOptions().ToSettings());
        var own = new PeerLimits { Suites = limits.Suites };
        Assert.Equal(
            own with
            {
                OutboxCountMax = limits.OutboxCountMax, OutboxBytesMax = limits.OutboxBytesMax, MessageExpiryMillis = limits.MessageExpiryMillis,
                InFlightCountMax = limits.InFlightCountMax,
            },
            limits);
    }

    [Fact]
    public void The_limits_of_traffic_are_the_policys()
    {
        var traffic = PeerPolicies.Traffic(Default with { Rekey = Default.Rekey with { RecordsSoft = 1, RecordsHard = 2, BytesSoft = 3, BytesHard = 4 } });
        Assert.Equal((1, 2, 3, 4), (traffic.RecordsSoft, traffic.RecordsHard, traffic.BytesSoft, traffic.BytesHard));
    }

    [Fact]
    public void Equal_policies_are_read_once_and_stand_for_each_other()
    {
        var (policies, settings) = (new PeerPolicies(), new EngineOptions().ToSettings());
        var first = policies.Get(Frozen(Default), settings);
        Assert.Same(first, policies.Get(Frozen(Default), settings));
        Assert.Same(first.Frozen, policies.Shared(Frozen(Default), settings));
        Assert.Equal(Default.PayloadBytesMax, first.Limits.PayloadBytesMax);

        Assert.NotSame(first, policies.Get(Frozen(Default with { PayloadBytesMax = 10 }), settings));
        Assert.NotSame(first, policies.Get(Frozen(Default) with { TemplateId = "other" }, settings));
        Assert.NotSame(first, policies.Get(Frozen(Default) with { TemplateVersion = 99 }, settings));
    }

    private static Kyberium.Engine.Sessions.FrozenPolicy Frozen(Policy policy)
    {
        var template = TemplateStore.Load(null).Get("default").Ref;
        return new(template.Id, template.Version, PolicyEncoding.Encode(new Kyberium.Engine.Templates.FrozenPolicy(template, policy)));
    }
}
