namespace Kyberium.Engine;

/// <summary>Who calls, and for what. Goes to the audit record; never to a peer.</summary>
/// <param name="Actor">Who asks: a service's or an operator's name. At most 128 characters.</param>
/// <param name="Correlation">The caller's own id for the work this belongs to. At most 128 characters.</param>
/// <param name="Operation">An id under which a repeat within the window gives the first answer; empty draws a new one.</param>
public readonly record struct CallerContext(string? Actor = null, string? Correlation = null, Guid Operation = default);
