using Kyberium.Engine;
using Kyberium.Engine.Templates;

namespace Kyberium.Host.Documents;

/// <summary>An identity, without secrets.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Fingerprint">What peers pin: 96 hexadecimal digits.</param>
/// <param name="Suites">The suites it has keys for, as templates name them.</param>
/// <param name="Document">The public document as text, to hand to peers.</param>
/// <param name="PreviousFingerprint">What is still answered while keys are being replaced.</param>
internal sealed record IdentityDocument(
    string Name, string Fingerprint, IReadOnlyList<string> Suites, string Document, string? PreviousFingerprint = null)
{
    internal static IdentityDocument Of(IdentityInfo info) => new(
        info.Name.Value, info.Fingerprint.ToString(), [.. info.Suites.Select(NameOf)], SessionEngine.ArmorDocument(info.PublicDocument),
        info.PreviousFingerprint?.ToString());

    internal static string NameOf(Suite suite) => SuiteNames.All.Single(name => SuiteNames.Find(name) == suite);
}

/// <summary>The identities of a node.</summary>
internal sealed record IdentityList(IReadOnlyList<IdentityDocument> Identities);

/// <summary>Asks for a new identity.</summary>
/// <param name="Name">A name not used yet.</param>
/// <param name="Suites">The suites it gets keys for; empty: the default one.</param>
internal sealed record IdentityCreation(string Name, IReadOnlyList<string> Suites);

/// <summary>Names an identity.</summary>
internal sealed record IdentityReference(string Name);

/// <summary>Asks for new keys, or for the end of the older ones.</summary>
internal sealed record IdentityRotation(string Name, bool Finish);
