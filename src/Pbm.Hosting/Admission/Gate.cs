using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine;
using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Hosting.Admission;

/// <summary>Decides who a caller is.</summary>
internal sealed class Gate(PbmOptions options)
{
    private const string NobodyInParticular = "operator";

    /// <param name="hello">What the caller says.</param>
    /// <param name="certificate">What it showed within TLS, checked against the authorities; or nothing.</param>
    /// <exception cref="PbmProtocolException"><see cref="PbmErrorCode.NotAuthenticated"/>.</exception>
    internal Operator Admit(PbmMessage.Hello hello, X509Certificate2? certificate)
    {
        if (!options.AsksForProof)
        {
            var name = hello.Operator is { Length: > 0 } claimed ? claimed : NobodyInParticular;
            return Operator.IsName(name)
                ? new Operator(name, Operator.Unproved)
                : throw new PbmProtocolException(PbmErrorCode.FrameMalformed, "the operator's name is no name: 1 to 64 of A-Z a-z 0-9 . _ : @ -");
        }

        if (certificate is not null)
        {
            var name = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
            return Operator.IsName(name)
                ? new Operator(name, Operator.ByCertificate)
                : throw Refuse("the common name of the certificate is no operator's name: 1 to 64 of A-Z a-z 0-9 . _ : @ -");
        }

        if (options.TokenFile is { } file && hello.Token is { Length: > 0 } token)
        {
            return TokenFile.Read(file).FindOwner(token) is { } owner
                ? new Operator(owner, Operator.ByToken)
                : throw Refuse("the token is not one of this process's; ask its operator for one");
        }

        throw Refuse(options.TokenFile is null
            ? "this process asks for an operator's certificate; give one"
            : "this process asks for a token; give one with --token-file");
    }

    /// <summary>Reads the files once, so that a start fails where a first caller would.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>.</exception>
    internal void Check()
    {
        if (options.TokenFile is { } file)
        {
            _ = TokenFile.Read(file);
        }
    }

    private static PbmProtocolException Refuse(string why) => new(PbmErrorCode.NotAuthenticated, why);
}
