using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Ratchet;

namespace Kyberium.Engine.Tests.Sessions.Model;

/// <summary>Copies a peer's whole state, volatile parts included, so that an exploration can branch.</summary>
/// <remarks>What never changes once it is made (epochs, half-open handshakes, tasks, payloads) is shared.</remarks>
internal static class StateCopy
{
    internal static PeerState Of(PeerState source)
    {
        var copy = new PeerState(source.Key)
        {
            Exists = source.Exists,
            Suspended = source.Suspended,
            Held = source.Held,
            Pins = source.Pins,
            Addresses = source.Addresses,
            Policy = source.Policy,
            Generation = source.Generation,
            RestartFailures = source.RestartFailures,
            RestartAt = source.RestartAt,
            NextExpiry = source.NextExpiry,
            SendingDoubtedSince = source.SendingDoubtedSince,
            RekeyFailures = source.RekeyFailures,
            RekeyAt = source.RekeyAt,
            EpochWaitEndsAt = source.EpochWaitEndsAt,
            RekeyUnansweredSince = source.RekeyUnansweredSince,
        };
        foreach (var session in source.Sessions)
        {
            var copied = Of(session);
            copy.Sessions.Add(copied);
            if (session == source.Sending)
            {
                copy.Sending = copied;
            }
        }

        Copy(source.Outgoing, copy.Outgoing);
        Copy(source.Incoming, copy.Incoming);
        copy.Handshakes = source.Handshakes is { } handshakes ? Of(handshakes) : null;
        return copy;
    }

    private static SessionState Of(SessionState source) => new()
    {
        Id = source.Id,
        IsInitiator = source.IsInitiator,
        Suite = source.Suite,
        Local = source.Local,
        Remote = source.Remote,
        Current = source.Current,
        Pending = source.Pending,
        Previous = source.Previous,
        Superseded = source.Superseded,
        Unproved = source.Unproved,
        ConfirmResendAt = source.ConfirmResendAt,
        ConfirmSends = source.ConfirmSends,
        ConfirmBaseline = source.ConfirmBaseline,
        ConfirmSince = source.ConfirmSince,
        IsNextWanted = source.IsNextWanted,
        IsStoppedByAge = source.IsStoppedByAge,
        PreviousDropAt = source.PreviousDropAt,
        RetireAt = source.RetireAt,
        AwaitsUse = source.AwaitsUse,
        SendingAtStart = source.SendingAtStart,
    };

    private static void Copy(OutgoingStream source, OutgoingStream copy)
    {
        copy.Id = source.Id;
        copy.Restore(source.LowestUnacknowledged, source.ChainBelow);
        for (var number = source.LowestUnacknowledged; number < source.Next; number++)
        {
            var message = source[number];
            copy.Add(new OutgoingMessage
            {
                Operation = message.Operation,
                Flags = message.Flags,
                ChainFlags = message.ChainFlags,
                Digest = message.Digest,
                Payload = message.Payload,
                ExpiresAt = message.ExpiresAt,
            });
        }

        copy.Stopped = source.Stopped;
        copy.Retired.AddRange(source.Retired);
        copy.Completed.AddRange(source.Completed);
        copy.SentThrough = source.SentThrough;
        copy.Timer = source.Timer;
        copy.Window = source.Window;
        copy.ResendAt = source.ResendAt;
        copy.UnansweredSince = source.UnansweredSince;
    }

    private static void Copy(IncomingStream source, IncomingStream copy)
    {
        copy.Id = source.Id;
        copy.Turn = source.Turn;
        copy.Expected = source.Expected;
        copy.ChainBelow = source.ChainBelow;
        copy.Stopped = source.Stopped;
        copy.Retired.AddRange(source.Retired);
        copy.PayloadBytes = source.PayloadBytes;
        copy.Early = source.Early is { } early ? new SortedDictionary<ulong, EarlyMessage>(early) : null;
        copy.AcknowledgementOwed = source.AcknowledgementOwed;
        foreach (var message in source.Unhandled)
        {
            copy.Unhandled.AddLast(new IncomingMessage
            {
                Stream = message.Stream,
                Number = message.Number,
                Ordinal = message.Ordinal,
                Flags = message.Flags,
                Payload = message.Payload,
                Failures = message.Failures,
                SetAside = message.SetAside,
                HandedOut = message.HandedOut,
            });
        }

        copy.FindWaiting();
    }

    private static Handshakes Of(Handshakes source)
    {
        var copy = new Handshakes
        {
            Restart = Of(source.Restart),
            Rekey = Of(source.Rekey),
            HalfOpenRekey = source.HalfOpenRekey,
            AnsweringRekey = source.AnsweringRekey,
        };
        copy.HalfOpen.AddRange(source.HalfOpen);
        copy.Answering.AddRange(source.Answering);
        return copy;
    }

    private static OwnAttempt? Of(OwnAttempt? source) => source is null ? null : new OwnAttempt
    {
        Suite = source.Suite,
        Local = source.Local,
        Remote = source.Remote,
        Base = source.Base,
        StartedAt = source.StartedAt,
        SendingAtStart = source.SendingAtStart,
        Baseline = source.Baseline,
        Computing = source.Computing,
        Handshake = source.Handshake,
        Message1 = source.Message1,
        LocalIndex = source.LocalIndex,
        Confirming = source.Confirming,
        ConfirmingSession = source.ConfirmingSession,
        Sends = source.Sends,
        SentAt = source.SentAt,
        Failures = source.Failures,
        ResendAt = source.ResendAt,
    };
}
