using Kyberium.Engine.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine;

/// <content>What a peer's policy, its documents and this side's identity have to agree on for any session to be possible.</content>
public sealed partial class SessionEngine
{
    /// <summary>Refuses what would leave a peer that no session can ever be made with: its messages would wait, and nothing would say why.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.PolicyForbids"/>, with what each side has; <see cref="EngineErrorCode.PeerUnknown"/>.</exception>
    private async ValueTask ThrowIfNoSuiteAsync(PeerKey peer, PeerCommand command, CancellationToken cancellationToken)
    {
        switch (command)
        {
            case PeerCommand.Add add:
                ThrowIfNoSuite(peer, add.Policy, [add.Pin]);
                break;
            case PeerCommand.AddPin add:
                ThrowIfNoSuite(peer, await LookAsync(peer, static resident => resident.State.Policy, cancellationToken).ConfigureAwait(false), [add.Pin]);
                break;
            case PeerCommand.ChangePolicy change:
                ThrowIfNoSuite(peer, change.Policy, await LookAsync(peer, static resident => resident.State.Pins, cancellationToken).ConfigureAwait(false));
                break;
            default:
                break;
        }
    }

    // Every pin by itself: the others may be removed. An identity keeps its suites when it is rotated.
    private void ThrowIfNoSuite(PeerKey peer, Sessions.FrozenPolicy frozen, IEnumerable<Pin> pins)
    {
        var allowed = SuiteSet.Of([.. _environment.Policies.Get(frozen, _settings).Policy.Suites.Items]);
        var own = _directory.Identities.Find(peer.Identity)?.FirstOrDefault()?.Document.Suites;
        foreach (var pin in pins)
        {
            var possible = allowed.Intersect(pin.Suites);
            if (possible.IsEmpty)
            {
                throw EngineErrors.DocumentHasNoSuite(peer, frozen.TemplateId, allowed, pin.Fingerprint, pin.Suites);
            }

            if (own is { } held && possible.Intersect(held).IsEmpty)
            {
                throw EngineErrors.IdentityHasNoSuite(peer, frozen.TemplateId, possible, held);
            }
        }
    }
}
