namespace Kyberium.Engine;

/// <summary>One payload to seal in a stream of them.</summary>
/// <param name="Peer">For whom.</param>
/// <param name="Payload">At most <see cref="SessionEngine.PayloadLengthMax"/> bytes; not to be changed before its result is there.</param>
/// <param name="Identity">The identity that seals; <see langword="null"/>: the default one.</param>
public readonly record struct SealRequest(PeerId Peer, ReadOnlyMemory<byte> Payload, IdentityName? Identity = null);

/// <summary>What one payload of a stream was sealed to, or why it was not.</summary>
/// <param name="Envelope">A whole envelope; empty when there is an error. It shares its array with its neighbours of the
/// stream: copy one that is kept much longer than they are.</param>
/// <param name="Error">Why this payload was not sealed; those after it are not touched by that.</param>
public readonly record struct SealResult(ReadOnlyMemory<byte> Envelope, EngineErrorCode? Error)
{
    /// <summary>Gets whether there is an envelope.</summary>
    public bool IsSealed => Error is null;
}

/// <summary>What one envelope of a stream opened to, or why it did not.</summary>
/// <param name="Opened">Who sealed it and what was in it; <c>default</c> when there is an error. The payload shares its array
/// with its neighbours of the stream: copy one that is kept much longer than they are.</param>
/// <param name="Error">Why this envelope was not opened; those after it are not touched by that.</param>
public readonly record struct OpenResult(OpenedEnvelope Opened, EngineErrorCode? Error)
{
    /// <summary>Gets whether there is a payload.</summary>
    public bool IsOpened => Error is null;
}
