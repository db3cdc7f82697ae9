using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions;

namespace Kyberium.Engine;

public sealed partial class SessionEngine
{
    /// <summary>Waits until there is a session with the peer, and makes one when there is none.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.HandshakeTimedOut"/> and what else policy says.</exception>
    public async Task ConnectAsync(
        PeerId peer, IdentityName? identity = null, CallerContext caller = default, CancellationToken cancellationToken = default)
    {
        using var activity = EngineActivities.Connect();
        try
        {
            await AskAsync(Key(peer, identity), new PeerCommand.Connect(Fresh: false), caller, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            activity.Fail(failure);
            throw;
        }
    }

    /// <summary>Starts the next epoch now. Completes when the attempt is under way, not when the peer has answered.</summary>
    public async Task RekeyAsync(
        PeerId peer, IdentityName? identity = null, CallerContext caller = default, CancellationToken cancellationToken = default) =>
        await AskAsync(Key(peer, identity), new PeerCommand.Rekey(), caller, cancellationToken).ConfigureAwait(false);

    /// <summary>Ends every session with the peer and tells it. Durable messages wait for the next one.</summary>
    public async Task CloseAsync(
        PeerId peer, IdentityName? identity = null, CallerContext caller = default, CancellationToken cancellationToken = default) =>
        await AskAsync(Key(peer, identity), new PeerCommand.Close(), caller, cancellationToken).ConfigureAwait(false);

    private static PeerKey Key(PeerId peer, IdentityName? identity) => new(identity ?? IdentityName.Default, peer);
}
