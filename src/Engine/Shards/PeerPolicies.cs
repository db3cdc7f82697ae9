using System.Collections.Concurrent;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Traffic;
using Kyberium.Engine.Settings;
using Kyberium.Engine.Templates;

namespace Kyberium.Engine.Shards;

/// <summary>Decodes frozen policies. Many peers share few of them: each is decoded and turned into limits once.</summary>
internal sealed class PeerPolicies
{
    private readonly ConcurrentDictionary<PolicyBytes, Policy> _decoded = new();

    internal Policy Get(Sessions.FrozenPolicy frozen)
    {
        var key = new PolicyBytes(frozen.Encoded);
        if (_decoded.TryGetValue(key, out var known))
        {
            return known;
        }

        var outcome = PolicyEncoding.TryDecode(frozen.Encoded.Span, out var decoded);
        Invariant.Holds(decoded is not null, $"a frozen policy was encoded here: {outcome}");
        _decoded[key] = decoded.Policy;
        return decoded.Policy;
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

    private readonly struct PolicyBytes(ReadOnlyMemory<byte> bytes) : IEquatable<PolicyBytes>
    {
        private readonly ReadOnlyMemory<byte> _bytes = bytes;

        public bool Equals(PolicyBytes other) => _bytes.Span.SequenceEqual(other._bytes.Span);

        public override bool Equals(object? obj) => obj is PolicyBytes other && Equals(other);

        public override int GetHashCode()
        {
            var hash = new HashCode();
            hash.AddBytes(_bytes.Span);
            return hash.ToHashCode();
        }
    }
}
