using System.Security.Cryptography;
using System.Text;
using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Hosting.Admission;

/// <summary>The file with operators' tokens. It is read for each connection, so that adding or taking one needs no restart.</summary>
internal sealed class TokenFile
{
    private const int BytesMax = 64 << 10;

    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;

    private readonly List<(string Name, byte[] Digest)> _tokens;

    private TokenFile(List<(string Name, byte[] Digest)> tokens) => _tokens = tokens;

    /// <exception cref="Kyberium.Engine.EngineException"><see cref="Kyberium.Engine.EngineErrorCode.OptionsInvalid"/>: it cannot be read, others can read it, or a line has
    /// another form.</exception>
    internal static TokenFile Read(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file.SafeFileHandle) & Others) != 0)
            {
                throw PbmErrors.TokenFileOpenToOthers(path);
            }

            if (file.Length > BytesMax)
            {
                throw PbmErrors.TokenFileTooLarge(path, BytesMax);
            }

            using var reader = new StreamReader(file, Encoding.UTF8);
            return new TokenFile(Parse(path, reader));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw PbmErrors.FileUnusable(path, failure);
        }
    }

    /// <summary>Finds whose token it is, in a time that does not tell how much of which token was right.</summary>
    internal string? FindOwner(string token)
    {
        var digest = SHA256.HashData(Encoding.UTF8.GetBytes(token));
        string? owner = null;
        foreach (var (name, known) in _tokens)
        {
            if (CryptographicOperations.FixedTimeEquals(known, digest))
            {
                owner = name;       // goes on: every line costs the same
            }
        }

        return owner;
    }

    private static List<(string Name, byte[] Digest)> Parse(string path, StreamReader reader)
    {
        var tokens = new List<(string Name, byte[] Digest)>();
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            if (line.Split(' ') is not [var name, { Length: >= PbmLimits.TokenLengthMin and <= PbmLimits.TokenLengthMax } token] || !Operator.IsName(name))
            {
                throw PbmErrors.TokenLineInvalid(path, number);
            }

            tokens.Add((name, SHA256.HashData(Encoding.UTF8.GetBytes(token))));
        }

        return tokens.Count > 0 ? tokens : throw PbmErrors.NoTokens(path);
    }
}
