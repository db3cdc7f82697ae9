using Kyberium.Engine.Sessions.Delivery;
using Kyberium.Engine.Sessions.Ratchet;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions;

/// <summary>One step of a machine in progress: its state, its inputs, and where its decisions go.</summary>
internal readonly ref struct PeerStep(PeerState state, PeerContext context, in StepInput input, StepOutput output)
{
    private readonly StepInput _input = input;

    internal PeerState State { get; } = state;

    internal PeerContext Context { get; } = context;

    internal PeerLimits Limits => Context.Limits;

    internal MonotonicMillis Now => _input.Now;

    internal UnixMillis Wall => _input.Wall;

    internal Cryptography.IEntropySource Entropy => _input.Entropy;

    internal Handshakes Handshakes => State.Handshakes ??= new Handshakes();

    /// <summary>Decides a fact: it goes to the journal, and the state moves on by it.</summary>
    internal void Record(PeerEvent fact)
    {
        output.Events.Add(fact);
        PeerFacts.Apply(State, fact);
    }

    internal void Emit(PeerEffect effect) => output.Effects.Add(effect);

    /// <summary>New records are sealed elsewhere from now on, or nowhere: whoever waits for that looks again.</summary>
    internal void EmitSendingChanged()
    {
        State.EpochWaitEndsAt = MonotonicMillis.Never;
        Emit(new PeerEffect.SendingChanged());
    }

    internal void Seal(EpochState epoch, EnvelopeType type, ReadOnlyMemory<byte> plaintext) =>
        Emit(new PeerEffect.Seal(epoch, type, plaintext));

    /// <param name="operation">The act it tells of, when a caller's is the one.</param>
    internal void Report(PeerReport what, string detail, Guid operation = default) => Emit(new PeerEffect.Report(what, detail, operation));

    internal GreetingBaseline Baseline() => new(
        State.Outgoing.Id, State.Outgoing.LowestUnacknowledged, State.Outgoing.WasAcknowledged, State.Incoming.Turn, State.Incoming.Expected);

    /// <summary>Varies a wait at random, so that peers do not act in step.</summary>
    internal long Jitter(long millis)
    {
        Span<byte> random = stackalloc byte[2];
        Entropy.Fill(random);
        var spread = (long)(millis * 2 * Limits.ResendJitter) + 1;
        return millis - (spread / 2) + (BitConverter.ToUInt16(random) * spread / 65_536);
    }
}
