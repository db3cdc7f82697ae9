using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine;
using Kyberium.Pbm.Asking;
using Kyberium.Pbm.Hosting;
using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Tests.Serving;

/// <summary>Goal: nobody is served who has to prove who they are and does not; who does is recorded by that name.</summary>
public sealed class AdmissionTests : IDisposable
{
    private const string Token = "0123456789abcdef0123456789abcdef";

    private readonly string _scratch = Directory.CreateTempSubdirectory("kyberium-pbm-").FullName;

    [Theory]
    [InlineData("0.0.0.0:0")]
    [InlineData("[::]:0")]
    [InlineData("192.0.2.1:9110")]
    public async Task Beyond_loopback_it_does_not_start_without_tls_and_proof(string address)
    {
        var certificate = Certificate("localhost", null).Pem;
        var tokens = TokenFile($"alice {Token}\n");
        foreach (var configure in (Action<PbmOptions>[])[_ => { }, options => options.CertificateFile = certificate, options => options.TokenFile = tokens])
        {
            var refused = await Assert.ThrowsAsync<EngineException>(() => TestServer.StartAsync(options =>
            {
                options.Listen = [address];
                configure(options);
            }));
            Assert.Equal(EngineErrorCode.OptionsInvalid, refused.Code);
            Assert.Contains("can be reached from other machines", refused.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_token_tells_who_it_is_and_what_the_caller_says_of_itself_does_not_count()
    {
        await using var server = await TestServer.StartAsync(options => options.TokenFile = TokenFile($"# who may\nalice {Token}\nbob {new string('b', 32)}\n"));
        using var alice = await RawClient.GreetAsync(server.Port, Hello(Token, "bob"));

        Assert.Equal("alice (pbm, token)", (string)alice.Welcome["operator"]!);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("0123456789abcdef0123456789abcdeF")]
    [InlineData("0123456789abcdef0123456789abcde")]
    public async Task Another_token_or_none_is_refused_and_logged_without_it(string? token)
    {
        await using var server = await TestServer.StartAsync(options => options.TokenFile = TokenFile($"alice {Token}\n"));
        using var client = await RawClient.GreetAsync(server.Port, Hello(token, "alice"));

        Assert.Equal(5002, (int)client.Welcome["code"]!);
        Assert.Null(await client.TryReadAsync());
        Assert.Contains(server.Logged, line => line.Event == 7002);
        Assert.DoesNotContain(server.Logged, line => token is { Length: > 0 } && line.Text.Contains(token, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_token_that_is_taken_out_of_the_file_opens_nothing_any_more()
    {
        var file = TokenFile($"alice {Token}\n");
        await using var server = await TestServer.StartAsync(options => options.TokenFile = file);
        await File.WriteAllTextAsync(file, $"bob {new string('b', 32)}\n");
        using var late = await RawClient.GreetAsync(server.Port, Hello(Token, null));
        Assert.Equal(5002, (int)late.Welcome["code"]!);

        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        using var open = await RawClient.GreetAsync(server.Port, Hello(new string('b', 32), null));
        Assert.Equal(5002, (int)open.Welcome["code"]!);
        Assert.Contains(server.Logged, line => line.Event == 7002 && line.Text.Contains("chmod 600", StringComparison.Ordinal));
        Assert.DoesNotContain(file, open.Welcome.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("alice short\n", UnixFileMode.UserRead)]
    [InlineData("alice\n", UnixFileMode.UserRead)]
    [InlineData("two words 0123456789abcdef0123456789abcdef\n", UnixFileMode.UserRead)]
    [InlineData("# nobody\n\n", UnixFileMode.UserRead)]
    [InlineData("alice 0123456789abcdef0123456789abcdef\n", UnixFileMode.UserRead | UnixFileMode.OtherRead)]
    [InlineData("alice 0123456789abcdef0123456789abcdef\n", UnixFileMode.UserRead | UnixFileMode.GroupWrite)]
    public async Task A_token_file_of_another_form_or_mode_refuses_to_start(string text, UnixFileMode mode)
    {
        var file = TokenFile(text);
        File.SetUnixFileMode(file, mode);
        var refused = await Assert.ThrowsAsync<EngineException>(() => TestServer.StartAsync(options => options.TokenFile = file));

        Assert.Equal(EngineErrorCode.OptionsInvalid, refused.Code);
        Assert.DoesNotContain(Token, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_of_the_operators_authority_tells_who_it_is()
    {
        var (authority, operatorsAuthority) = (Certificate("localhost", null), Certificate("operators", null));
        var alice = Certificate("alice", operatorsAuthority.Certificate);
        await using var server = await TestServer.StartAsync(options =>
            (options.CertificateFile, options.OperatorAuthorityFile) = (authority.Pem, operatorsAuthority.Pem));
        var target = new Target("localhost", server.Port) { UsesTls = true, TrustedCertificateFile = authority.Pem, CertificateFile = alice.Pem };
        await using var connection = await PbmConnection.OpenAsync(target, CancellationToken.None).WaitAsync(TestPalette.Patience);

        Assert.Equal("alice (pbm, certificate)", connection.Welcome.Operator);
    }

    [Fact]
    public async Task A_certificate_of_another_authority_or_none_is_refused()
    {
        var (authority, operatorsAuthority) = (Certificate("localhost", null), Certificate("operators", null));
        var mallory = Certificate("alice", Certificate("others", null).Certificate);
        await using var server = await TestServer.StartAsync(options =>
            (options.CertificateFile, options.OperatorAuthorityFile) = (authority.Pem, operatorsAuthority.Pem));
        foreach (var shown in (string?[])[mallory.Pem, null])
        {
            var target = new Target("localhost", server.Port) { UsesTls = true, TrustedCertificateFile = authority.Pem, CertificateFile = shown };
            await Assert.ThrowsAsync<PbmFailure>(() => PbmConnection.OpenAsync(target, CancellationToken.None).WaitAsync(TestPalette.Patience));
        }

        Assert.DoesNotContain(server.Logged, line => line.Event == 7001);
    }

    [Fact]
    public async Task A_server_that_is_not_trusted_gets_no_token()
    {
        var (real, pretended) = (Certificate("localhost", null), Certificate("localhost", null));
        await using var server = await TestServer.StartAsync(options => (options.CertificateFile, options.TokenFile) = (pretended.Pem, TokenFile($"alice {Token}\n")));
        var target = new Target("localhost", server.Port) { UsesTls = true, TrustedCertificateFile = real.Pem, TokenFile = TokenFile($"alice {Token}\n") };
        var refused = await Assert.ThrowsAsync<PbmFailure>(() => PbmConnection.OpenAsync(target, CancellationToken.None).WaitAsync(TestPalette.Patience));

        Assert.Equal(ExitCode.NotAuthenticated, refused.ExitCode);
    }

    [Fact]
    public async Task A_client_sends_no_token_in_the_clear_beyond_this_machine()
    {
        var refused = await Assert.ThrowsAsync<PbmFailure>(
            () => PbmConnection.OpenAsync(new Target("192.0.2.1", 9110) { TokenFile = TokenFile($"alice {Token}\n") }, CancellationToken.None));

        Assert.Equal(ExitCode.Usage, refused.ExitCode);
    }

    [Fact]
    public void A_hello_that_is_printed_shows_no_token() =>
        Assert.DoesNotContain(Token, new PbmMessage.Hello([1], "pbm", "alice", Token).ToString(), StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(_scratch, recursive: true);

    private static string Hello(string? token, string? name) => new System.Text.Json.Nodes.JsonObject
    {
        ["type"] = "hello", ["versions"] = new System.Text.Json.Nodes.JsonArray(1), ["program"] = "raw", ["operator"] = name ?? "x", ["token"] = token ?? "",
    }.ToJsonString();

    private string TokenFile(string text)
    {
        var path = Path.Combine(_scratch, Path.GetRandomFileName());
        File.WriteAllText(path, text);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        return path;
    }

    /// <summary>Makes a certificate and its key in one file; without an issuer it is an authority of its own.</summary>
    private (string Pem, X509Certificate2 Certificate) Certificate(string name, X509Certificate2? issuer)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(issuer is null, false, 0, true));
        var (from, to) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var made = issuer is null ? request.CreateSelfSigned(from, to) : request.Create(issuer, from, to, RandomNumberGenerator.GetBytes(8)).CopyWithPrivateKey(key);
        var path = Path.Combine(_scratch, Path.GetRandomFileName() + ".pem");
        File.WriteAllText(path, made.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n");
        return (path, made);
    }
}
