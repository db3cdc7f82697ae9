using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Traffic;

/// <summary>What became of a record to open. Everything but the first three is silence to the peer.</summary>
internal enum OpenOutcome
{
    /// <summary>Authentic, never opened before, and its sequence is reserved: the plaintext may be shown.</summary>
    Opened,

    /// <summary>
    /// Authentic, but its sequence is not reserved yet. Make <see cref="OpenDetails.ReserveThrough"/> durable, apply it,
    /// then open the same envelope again. Nothing was marked and the plaintext is zeroed.
    /// </summary>
    NeedsReservation,

    /// <summary>
    /// Authentic, but at or below what an earlier owner reserved: answer with a window notice of
    /// <see cref="OpenDetails.RefusedThrough"/>, rate-limited.
    /// </summary>
    BelowReservation,

    /// <summary>Its incarnation is being closed: open it again once the close is durable and applied.</summary>
    Closing,

    /// <summary>Wrong header, tag, or sequence; or opened before. Never said which.</summary>
    Rejected,

    /// <summary>Authentic, but of an incarnation past the epoch's bound and not idempotent; or the epoch failed too often.</summary>
    Limit,

    /// <summary>The destination is shorter than the plaintext; nothing was tried.</summary>
    DestinationTooSmall,
}

/// <summary>What goes with an <see cref="OpenOutcome"/>.</summary>
/// <param name="Written">The plaintext's length when opened.</param>
/// <param name="ReserveThrough">
/// With <see cref="OpenOutcome.NeedsReservation"/>: what must become durable. With <see cref="OpenOutcome.Opened"/>: what
/// should become durable soon, or null. The same value may be given several times; asking the journal once is enough.
/// </param>
/// <param name="IsNewIncarnation">
/// The incarnation is not in memory: look for it among the closed ones first and, if it is there, reopen it instead.
/// </param>
/// <param name="RefusedThrough">With <see cref="OpenOutcome.BelowReservation"/>: the highest sequence refused.</param>
/// <param name="CloseFirst">The incarnation to close before a new one fits into memory, or zero.</param>
internal readonly record struct OpenDetails(
    int Written, ulong? ReserveThrough, bool IsNewIncarnation, ulong RefusedThrough, Incarnation CloseFirst)
{
    /// <summary>Gets whether the record was opened without a window. A repeat of it opens again, so it does not prove who sent
    /// it this time.</summary>
    internal bool IsRepeatable { get; init; }
}
