using System.Collections.Concurrent;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Settings;
using Kyberium.Engine.Templates;

namespace Kyberium.Engine.Shards;

/// <summary>A frozen policy and what was read from it; shared by all peers that have it.</summary>
internal sealed record PeerPolicy(Sessions.FrozenPolicy Frozen, Policy Policy, PeerLimits Limits, TrafficLimits Traffic);

/// <summary>Decodes frozen policies. Many peers share few of them: each is decoded, turned into limits and kept once.</summary>
internal sealed class PeerPolicies
{
    private readonly ConcurrentDictionary<PolicyContent, PeerPolicy> _known = new();

    /// <summary>Gives the one object that stands for all equal ones.</summary>
    internal Sessions.FrozenPolicy Shared(Sessions.FrozenPolicy frozen, EngineSettings settings) => Get(frozen, settings).Frozen;

    internal PeerPolicy Get(Sessions.FrozenPolicy frozen, EngineSettings settings)
    {
        var key = new PolicyContent(frozen);
        if (_known.TryGetValue(key, out var known))
        {
            return known;
        }

        var outcome = PolicyEncoding.TryDecode(frozen.Encoded.Span, out var decoded);
        Invariant.Holds(decoded is not null, $"a frozen policy was encoded here: {outcome}");
        return _known.GetOrAdd(key, new PeerPolicy(frozen, decoded.Policy, Limits(decoded.Policy, settings), Traffic(decoded.Policy)));
    }

    internal static PeerLimits Limits(Policy policy, EngineSettings settings) => new()
    {
        Suites = policy.Suites.Items,
        Unchained = policy.UnchainedHandshake switch
        {
            Templates.UnchainedHandshake.Hold => Sessions.UnchainedHandshake.Hold,
            Templates.UnchainedHandshake.Refuse => Sessions.UnchainedHandshake.Refuse,
            _ => Sessions.UnchainedHandshake.Allow,
        },
        EpochAgeMillis = (long)policy.Rekey.AgeSoft.TotalMilliseconds,
        EpochAgeMillisMax = (long)policy.Rekey.AgeHard.TotalMilliseconds,
        PreviousKeptMillis = (long)policy.PreviousEpochKeep.TotalMilliseconds,
        HandshakeTimeoutMillis = (long)settings.Handshake.Timeout.TotalMilliseconds,
        HandshakeResendMillis = Math.Max(50, (long)settings.Handshake.Timeout.TotalMilliseconds / 20),
        HandshakeBackoffMillis = (long)settings.Handshake.RetryInitial.TotalMilliseconds,
        HandshakeBackoffMillisMax = (long)settings.Handshake.RetryMax.TotalMilliseconds,
        // Where both the template and the options bound something, the gentler one holds.
        ResendMillis = (long)Math.Max(policy.Resend.Initial.TotalMilliseconds, settings.Delivery.ResendInitial.TotalMilliseconds),
        ResendMillisMax = (long)Math.Min(policy.Resend.BackOffMax.TotalMilliseconds, settings.Delivery.ResendMax.TotalMilliseconds),
        ResendJitter = settings.Delivery.ResendJitter,
        InFlightCountMax = settings.Delivery.InFlightCountMax,
        EarlyCountMax = settings.Delivery.EarlyCountMax,
        OutboxCountMax = policy.Outbox.CountMax,
        OutboxBytesMax = policy.Outbox.BytesMax,
        InboxCountMax = policy.Inbox.CountMax,
        InboxBytesMax = policy.Inbox.BytesMax,
        PayloadBytesMax = policy.PayloadBytesMax,
        MessageExpiryMillis = (long)policy.MessageExpiry.TotalMilliseconds,
        HandlerAttemptsMax = Math.Min(policy.HandlerAttemptsMax, settings.Delivery.HandlerAttemptsMax),
    };

    internal static TrafficLimits Traffic(Policy policy) => new()
    {
        RecordsSoft = policy.Rekey.RecordsSoft,
        RecordsHard = policy.Rekey.RecordsHard,
        BytesSoft = policy.Rekey.BytesSoft,
        BytesHard = policy.Rekey.BytesHard,
    };

    // A record compares the place of its bytes, not the bytes.
    private readonly struct PolicyContent(Sessions.FrozenPolicy policy) : IEquatable<PolicyContent>
    {
        private readonly Sessions.FrozenPolicy _policy = policy;

        public bool Equals(PolicyContent other) =>
            _policy.TemplateVersion == other._policy.TemplateVersion
            && string.Equals(_policy.TemplateId, other._policy.TemplateId, StringComparison.Ordinal)
            && _policy.Encoded.Span.SequenceEqual(other._policy.Encoded.Span);

        public override bool Equals(object? obj) => obj is PolicyContent other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.AddBytes(_policy.Encoded.Span);
            return hash.ToHashCode();
        }
    }
}
