using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Delivery;

/// <summary>What this side durably knew when it made a handshake message. A greeting that answers the message was made
/// later by a peer that had been told all of this, so less than this means that one store went back in time.</summary>
/// <param name="Outgoing">This side's stream.</param>
/// <param name="LowestUnacknowledged">Everything below was acknowledged in that stream.</param>
/// <param name="WasAcknowledged">Whether the peer had acknowledged anything since this side knows it, in whichever stream.</param>
/// <param name="IncomingTurn">Which of the peer's streams was known: <see cref="IncomingStream.Turn"/> then.</param>
/// <param name="Expected">Everything below was accepted from that stream.</param>
internal readonly record struct GreetingBaseline(
    StreamId Outgoing, ulong LowestUnacknowledged, bool WasAcknowledged, int IncomingTurn, ulong Expected);
