using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Links;

/// <summary>Takes sealed envelopes on their way to a peer. Never waits and never throws: what finds no room is dropped, and
/// what is durable is sent again.</summary>
internal interface IEnvelopeOutlet
{
    /// <summary>Queues an envelope; the outlet owns the array from now on.</summary>
    void Enqueue(PeerKey peer, IReadOnlyList<string> addresses, byte[] envelope, int length);

    /// <summary>Opens a call to the peer with a record it can tell as this side's, to bring back what it has.</summary>
    void Knock(PeerKey peer, IReadOnlyList<string> addresses, byte[] envelope);

    /// <summary>New records go in another session, or in none.</summary>
    void SendingChanged(PeerKey peer);
}
