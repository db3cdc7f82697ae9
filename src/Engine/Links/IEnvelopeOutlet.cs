using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Links;

/// <summary>Takes sealed envelopes on their way to a peer. Never waits and never throws: what finds no room is dropped, and
/// what is durable is sent again.</summary>
internal interface IEnvelopeOutlet
{
    /// <summary>Queues an envelope; the outlet owns the array from now on.</summary>
    void Enqueue(PeerKey peer, IReadOnlyList<string> addresses, byte[] envelope, int length);
}
