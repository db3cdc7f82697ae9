using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Ratchet;

/// <summary>Which sequences of the peer's incarnations may be shown (PROTOCOL section 4), of epochs that exist and of those that do not yet.</summary>
internal static class Reservations
{
    /// <summary>Records a reservation. One of an epoch that its confirm has still to make real is kept with that epoch: the log does not
    /// know the epoch, and would lose it.</summary>
    internal static void Make(in PeerStep step, PeerCommand.Reserve reserve)
    {
        if (Unconfirmed(step.State.Handshakes, reserve.Index) is { } unconfirmed)
        {
            unconfirmed.Reservations.Set(reserve.Incarnation, reserve.Through);
        }
        else
        {
            step.Record(new PeerEvent.ReservationMade(reserve.Index, reserve.Incarnation, reserve.Through));
        }
    }

    /// <summary>The epoch became real: what was reserved of it before goes into the same batch.</summary>
    internal static void Keep(in PeerStep step, EpochState epoch)
    {
        foreach (var (incarnation, through) in epoch.Reservations.Entries.ToArray())
        {
            step.Record(new PeerEvent.ReservationMade(epoch.LocalIndex, incarnation, through));
        }
    }

    private static EpochState? Unconfirmed(Handshakes? handshakes, ReceiverIndex index)
    {
        if (handshakes is null)
        {
            return null;
        }

        if (handshakes.Restart?.Confirming is { } confirming && confirming.LocalIndex == index)
        {
            return confirming;
        }

        if (handshakes.HalfOpenRekey is { } rekey && rekey.Epoch.LocalIndex == index)
        {
            return rekey.Epoch;
        }

        return handshakes.HalfOpen.Find(half => half.Epoch.LocalIndex == index)?.Epoch;
    }
}
