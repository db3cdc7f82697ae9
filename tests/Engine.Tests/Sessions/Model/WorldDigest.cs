using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Model;

/// <summary>Describes a world so that two that behave alike have one description.</summary>
/// <remarks>Random values are renamed in the order of their appearance; times count from now, in classes; a count of
/// repeats stands for itself only where the rules look at it.</remarks>
internal sealed class WorldDigest
{
    private readonly List<ulong> _tokens = new(512);
    private readonly Dictionary<UInt128, ulong> _names = [];
    private long _now;
    private int _turn;

    internal UInt128 Of(World world)
    {
        _tokens.Clear();
        _names.Clear();
        _now = world.Now;
        Add(world.A);
        Add(world.B);
        foreach (var packet in world.Network)
        {
            Add(packet);
        }

        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_tokens)), hash);
        return MemoryMarshal.Read<UInt128>(hash);
    }

    private void Add(Side side)
    {
        var state = side.State;
        _turn = state.Incoming.Turn;
        Mark(1);
        Add((state.Suspended ? 1 : 0) + (state.Held ? 2 : 0) + (state.RestartFailures > 0 ? 4 : 0));
        Add(state.Pins.Count);
        Add(state.RekeyUnansweredSince is { } rekey ? Class(_now - rekey.Value) : -1);
        Add(state.SendingDoubtedSince is { } doubted ? Class(_now - doubted.Value) : -1);
        Time(state.RestartAt);
        Time(state.RekeyAt);
        Time(state.EpochWaitEndsAt);
        Time(side.Deadline);
        foreach (var session in state.Sessions)
        {
            Mark(2);
            Name(session.Id.Value);
            Add((session == state.Sending ? 1 : 0) + (session.Superseded ? 2 : 0) + (session.IsInitiator ? 4 : 0) + (session.AwaitsUse ? 8 : 0)
                + (session.IsNextWanted ? 16 : 0) + (session.IsStoppedByAge ? 32 : 0) + (session.Unproved ? 64 : 0));
            Name(session.SendingAtStart?.Value ?? 0);
            Add(session.Current);
            Add(session.Pending);
            Add(session.Previous);
            Time(session.ConfirmResendAt);
            Add(session.ConfirmSince == MonotonicMillis.Never ? -1 : Class(_now - session.ConfirmSince.Value));
            Time(session.PreviousDropAt);
            Time(session.RetireAt);
            Add(session.ConfirmBaseline);
        }

        Add(state.Outgoing);
        Add(state.Incoming);
        Add(state.Handshakes);
        foreach (var step in side.Unflushed)
        {
            Mark(3);
            foreach (var fact in step.Events)
            {
                Add(StringComparer.Ordinal.GetHashCode(fact.GetType().Name));
            }

            foreach (var effect in step.Effects)
            {
                if (effect is SideEffect.Send send)
                {
                    Add(send.Packet);
                }
            }
        }

        foreach (var task in side.Computes)
        {
            Mark(4);
            Add(task is HandshakeTask.Start ? 1 : task is HandshakeTask.Finish ? 2 : task is HandshakeTask.Answer ? 3 : 4);
        }

        foreach (var (index, key) in side.Listening)
        {
            Name(index.Value);
            Name(key);
        }

        foreach (var key in side.Excused)
        {
            Name(key);
        }
    }

    private void Add(EpochState? epoch)
    {
        if (epoch is null)
        {
            Mark(5);
            return;
        }

        Name(SymbolicSecrets.KeyOf(epoch.Secrets));
        Add(epoch.IsInitiator ? 1 : 0);
    }

    private void Add(OutgoingStream stream)
    {
        Mark(6);
        Name(stream.Id.Value);
        Name(stream.ChainLast.Value);
        Add((long)stream.LowestUnacknowledged);
        Add((long)stream.Next);
        Add((long)stream.SentThrough);
        Add(stream.Stopped is { } stopped ? (long)stopped : 0);
        Add(stream.WasAcknowledged ? 1 : 0);
        Names(stream.Retired);
        Time(stream.ResendAt);
        Add(stream.UnansweredSince is { } since ? Class(_now - since.Value) : -1);
        for (var number = stream.LowestUnacknowledged; number < stream.Next; number++)
        {
            Add(stream[number].IsVoid ? 1 : 0);
        }
    }

    private void Add(IncomingStream stream)
    {
        Mark(7);
        Name(stream.Id.Value);
        Name(stream.ChainBelow?.Value ?? 0);
        Add((long)stream.Expected);
        Add(stream.Stopped is { } stopped ? (long)stopped : 0);
        Add(stream.AcknowledgementOwed ? 1 : 0);
        Names(stream.Retired);
        foreach (var number in stream.Early?.Keys ?? Enumerable.Empty<ulong>())
        {
            Add((long)number);
        }
    }

    private void Add(Handshakes? handshakes)
    {
        Mark(8);
        if (handshakes is null)
        {
            return;
        }

        Add(handshakes.Restart);
        Add(handshakes.Rekey);
        foreach (var half in handshakes.HalfOpen)
        {
            Add(half);
        }

        Add(handshakes.HalfOpenRekey);
        Add(handshakes.Answering.Count);
        Add(handshakes.AnsweringRekey is null ? 0 : 1);
    }

    private void Add(OwnAttempt? attempt)
    {
        Mark(9);
        if (attempt is null)
        {
            return;
        }

        Add(attempt.Confirming);
        Add(attempt.Baseline);
        Name(attempt.SendingAtStart?.Value ?? 0);
        Add((attempt.Computing is null ? 0 : 1) + (attempt.Handshake is null ? 0 : 2));
        Bytes(attempt.Message1);
        Time(attempt.ResendAt);
        Add(Class(_now - attempt.SentAt.Value));
    }

    private void Add(HalfOpen? half)
    {
        Mark(10);
        if (half is null)
        {
            return;
        }

        Add(half.Epoch);
        Add(half.Baseline);
        Name(half.SendingAtStart?.Value ?? 0);
        Bytes(half.Message1Hash);
        Time(half.ExpiresAt);
        Add(Class(_now - half.AnsweredAt.Value));
    }

    private void Add(in GreetingBaseline baseline)
    {
        Name(baseline.Outgoing.Value);
        Add((long)baseline.LowestUnacknowledged);
        Add(baseline.WasAcknowledged ? 1 : 0);
        Add(baseline.IncomingTurn == _turn ? 1 : 0);       // turns only grow: what is not now will not be
        Add((long)baseline.Expected);
    }

    private void Add(Packet packet)
    {
        Mark(11);
        Add((packet.FromA ? 1 : 0) + ((int)packet.Type * 2));
        Name(packet.Key);
        Bytes(packet.Bytes);
    }

    private void Mark(ulong mark) => _tokens.Add(0xFFFF_0000 + mark);

    private void Add(long value) => _tokens.Add((ulong)value);

    private void Time(MonotonicMillis time) => Add(time == MonotonicMillis.Never ? -1 : Class(time.Value - _now));

    private static long Class(long millis) => millis switch
    {
        <= 0 => 0,
        < 1_000 => 1,
        < 15_000 => 2,
        < 170_000 => 3,
        < 200_000 => 4,
        _ => 5,
    };

    private void Name(UInt128 value)
    {
        if (value == 0)
        {
            _tokens.Add(0);
            return;
        }

        if (!_names.TryGetValue(value, out var name))
        {
            name = (ulong)_names.Count + 1;
            _names.Add(value, name);
        }

        _tokens.Add(name);
    }

    private void Names(in ShortList<StreamId> streams)
    {
        Add(streams.Count);
        foreach (var stream in streams)
        {
            Name(stream.Value);
        }
    }

    // Bytes hold random values: what matters is which of them are the same.
    private void Bytes(ReadOnlyMemory<byte> bytes)
    {
        var hash = new HashCode();
        hash.AddBytes(bytes.Span);
        Name(((UInt128)(uint)hash.ToHashCode() << 32) + (uint)bytes.Length + 1);
    }
}
