using Kyberium.Engine;

namespace Kyberium.Measuring;

/// <summary>What the sender calls a session, and what the receiver calls it.</summary>
/// <param name="Identity">The sender's identity.</param>
/// <param name="Peer">The receiver's identity, as the sender's knows it.</param>
/// <param name="Receiving">The receiver's identity.</param>
/// <param name="Origin">The sender's identity, as the receiver's knows it.</param>
internal readonly record struct SessionName(IdentityName Identity, PeerId Peer, IdentityName Receiving, PeerId Origin);
