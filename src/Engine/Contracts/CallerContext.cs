namespace Kyberium.Engine;

/// <summary>Who calls, and for what. Goes to the audit record; never to a peer.</summary>
/// <param name="Actor">Who asks: a service's or an operator's name. At most 128 characters; an act without one is the
/// <c>application</c>'s.</param>
/// <param name="Correlation">The caller's own id for the work this belongs to. At most 128 characters.</param>
/// <param name="Operation">An id under which a repeat is answered as the first call was and done once: the last 32 of a peer's acts and
/// of the identities', also after a restart; removals are remembered until the engine stops. Empty: one is drawn, for the audit record.</param>
public readonly record struct CallerContext(string? Actor = null, string? Correlation = null, Guid Operation = default)
{
    internal const string Unnamed = "application";

    private const int TextLengthMax = 128;

    /// <exception cref="ArgumentException">A text is too long.</exception>
    internal void Check()
    {
        if (Actor is { Length: > TextLengthMax } || Correlation is { Length: > TextLengthMax })
        {
            throw new ArgumentException($"Actor and Correlation have at most {TextLengthMax} characters each.", nameof(Actor));
        }
    }
}
