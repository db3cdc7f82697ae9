using Kyberium.Engine;
using Kyberium.Host.Documents;

namespace Kyberium.Host.Commands.Keyrings;

/// <summary>How a keyring looks: never a key.</summary>
internal static class KeyringPrinting
{
    internal static void Print(CommandCall call, FileKeyring keyring)
    {
        var document = new KeyringDocument(
            keyring.Description, [.. keyring.MasterKeys.Select(key => new MasterKeyDocument(key.Id, key.CreatedAt, key.IsCurrent))]);
        call.Print(document, output =>
        {
            output.WriteLine(document.Description);
            foreach (var key in document.MasterKeys)
            {
                output.WriteLine($"  master key {key.Id}  made {key.CreatedAt:yyyy-MM-dd HH:mm:ss}Z{(key.IsCurrent ? "  current" : "")}");
            }
        });
    }
}
