namespace Kyberium.Engine;

/// <summary>An expected failure with a stable <see cref="Code"/>.</summary>
public sealed class EngineException : Exception
{
    /// <summary>Reports a failure. Journals, keyrings and links written outside the engine use the same codes.</summary>
    /// <param name="code">What to branch on.</param>
    /// <param name="message">What happened and what to do next; no secret, no payload.</param>
    /// <param name="cause">What led to it.</param>
    public EngineException(EngineErrorCode code, string message, Exception? cause = null)
        : base($"KY{(int)code}: {message}", cause) => Code = code;

    /// <summary>Gets the identifier to branch on, log and alert by. The message may change; this does not.</summary>
    public EngineErrorCode Code { get; }

    /// <summary>Gets the message without the code in front, as others are told it who add the code themselves.</summary>
    internal string Advice => Message[(Message.IndexOf(' ', StringComparison.Ordinal) + 1)..];

    /// <summary>Gets whether nothing of the call happened, whatever the code leaves open.</summary>
    internal bool IsUndone { get; init; }

    /// <summary>Gets whether the same call may succeed later without any change by the caller.</summary>
    public bool IsTransient => (int)Code / 1_000 == 3;
}
