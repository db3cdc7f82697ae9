using System.Security.Cryptography;
using Kyberium.Engine;
using Kyberium.Engine.Keyring;
using Kyberium.Engine.Templates;

namespace Kyberium.Fuzzing.Targets;

/// <summary>Files an operator writes or keeps: refused with a code and every problem, never with anything else.</summary>
internal static class FileTargets
{
    private const int ChecksumSize = 32;

    private static readonly TemplateSource[] Shipped = [.. Directory
        .EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "levels"), "*.json")
        .Select(file => new TemplateSource(Path.GetFileName(file), File.ReadAllBytes(file)))];

    /// <summary>First byte 0: a keyring as it is; 1: one whose checksum is put right.</summary>
    internal static FuzzTarget Keyring { get; } = new(
        "keyring",
        () => [.. Laws.Tagged(0, [KeyringSeed()]), .. Laws.Tagged(1, [KeyringSeed()])],
        bytes => bytes.Length > 0 && bytes[0] <= 1 && Refusable(() => ReadKeyring(bytes[0] == 0 ? bytes[1..] : WithChecksum(bytes[1..]))));

    internal static FuzzTarget Template { get; } = new(
        "template",
        () => Laws.Files("levels", "*.json"),
        bytes => Refusable(() => ReadTemplate(bytes)));

    private static bool ReadTemplate(byte[] bytes)
    {
        var id = TemplateDocument.Read("x.json", bytes, [])?.Ref.Id ?? "x";
        var others = Shipped.Where(source => source.File != id + ".json");      // what it may extend
        return TemplateResolver.Resolve([.. others, new TemplateSource(id + ".json", bytes)]).ContainsKey(id);
    }

    private static bool ReadKeyring(byte[] bytes)
    {
        var protection = KeyringFile.ReadProtection(bytes, "keyring");
        if (protection.ByPassphrase)
        {
            return true;    // its key derivation is slow by design, and reads nothing of the file but the salt
        }

        var keys = KeyringFile.Decode(bytes, null, "keyring");
        foreach (var key in keys.Keys)
        {
            key.Dispose();
        }

        return true;
    }

    private static bool Refusable(Func<bool> read)
    {
        try
        {
            return read();
        }
        catch (EngineException)
        {
            return false;
        }
    }

    private static byte[] WithChecksum(byte[] bytes)
    {
        if (bytes.Length >= ChecksumSize)
        {
            SHA256.HashData(bytes.AsSpan(..^ChecksumSize), bytes.AsSpan(bytes.Length - ChecksumSize));
        }

        return bytes;
    }

    private static byte[] KeyringSeed()
    {
        using var key = new MasterKey(
            new MasterKeyId(1), DateTimeOffset.UnixEpoch, Engine.Cryptography.SecretBytes.CopyOf(new byte[MasterKey.Size]));
        return KeyringFile.Encode(new MasterKeySet([key]), null, new byte[32]);
    }
}
