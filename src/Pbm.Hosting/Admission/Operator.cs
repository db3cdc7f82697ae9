using Kyberium.Engine;

namespace Kyberium.Pbm.Hosting.Admission;

/// <summary>Who a caller was taken for, and why.</summary>
/// <param name="Name">1 to 64 of <c>A–Z a–z 0–9 . _ : @ -</c>.</param>
/// <param name="Proof">What stands behind the name: <c>token</c>, <c>certificate</c>, or <c>unproved</c>.</param>
internal sealed record Operator(string Name, string Proof)
{
    internal const string ByToken = "token";
    internal const string ByCertificate = "certificate";
    internal const string Unproved = "unproved";

    /// <summary>Gets what audit events and logs call the caller.</summary>
    internal string Actor => $"{Name} (pbm, {Proof})";

    internal CallerContext Caller => new(Actor);

    internal static bool IsName(string? text) =>
        text is { Length: > 0 and <= Protocol.PbmLimits.NameLengthMax }
        && text.All(letter => char.IsAsciiLetterOrDigit(letter) || "._:@-".Contains(letter, StringComparison.Ordinal));
}
