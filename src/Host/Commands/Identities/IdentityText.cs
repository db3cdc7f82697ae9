using Kyberium.Host.Documents;

namespace Kyberium.Host.Commands.Identities;

/// <summary>How an identity looks to people.</summary>
internal static class IdentityText
{
    internal static void Write(TextWriter output, IdentityDocument identity)
    {
        output.WriteLine($"identity {identity.Name}");
        output.WriteLine($"  suites       {string.Join(", ", identity.Suites)}");
        output.WriteLine($"  fingerprint  {identity.Fingerprint}");
        if (identity.PreviousFingerprint is { } previous)
        {
            output.WriteLine($"  previous     {previous} (answered until 'kyberium identity rotate {identity.Name} --finish')");
        }
    }
}
