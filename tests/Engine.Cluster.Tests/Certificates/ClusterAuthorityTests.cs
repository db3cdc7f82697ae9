using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine.Cluster.Certificates;

namespace Kyberium.Engine.Cluster.Tests.Certificates;

/// <summary>What an authority signs, and that its root can be replaced without leaving a node behind.</summary>
public sealed class ClusterAuthorityTests
{
    private static readonly ClusterName Cluster = new("orders");
    private static readonly NodeId Node = new("node-1");
    private static readonly DateTimeOffset Start = DateTimeOffset.UtcNow;
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>Goal: a node that renews at any time within each lifetime is believed by every other at every moment. Method: the three steps at their
    /// earliest; before and after each, certificates issued up to a lifetime ago against trust learnt up to a lifetime ago.</summary>
    [Fact]
    public void Through_a_rotation_every_certificate_in_force_is_believed_by_every_node_that_renews_in_time()
    {
        var authority = ClusterAuthority.Create(Cluster, Lifetime, Start);
        var history = new List<(DateTimeOffset At, ClusterAuthority Authority)> { (Start, authority) };
        for (var step = 0; step < 3; step++)
        {
            var at = history[^1].At + Lifetime;
            history.Add((at, history[^1].Authority.Rotate(at, isForced: false)));
        }

        var checkedPairs = 0;
        for (var now = Start; now < Start + (5 * Lifetime); now += TimeSpan.FromHours(4))
        {
            foreach (var (issuedAgo, learntAgo) in Enumerable.Range(0, 6).SelectMany(issued => Enumerable.Range(0, 6).Select(learnt => (issued * 4, learnt * 4))))
            {
                if (now.AddHours(-Math.Max(issuedAgo, learntAgo)) < Start)
                {
                    continue;
                }

                using var certificate = At(now.AddHours(-issuedAgo)).Issue(Node, Request(), now.AddHours(-issuedAgo));
                var trust = new NodeTrust(Cluster, [.. At(now.AddHours(-learntAgo)).RootCertificates], []);
                Assert.True(trust.Verify(certificate, now, out var refusal) == Node, $"at {now:u}, issued {issuedAgo} h and learnt {learntAgo} h before: {refusal}");
                checkedPairs++;
            }
        }

        Assert.True(checkedPairs > 500);
        Assert.NotEqual(history[0].Authority.Signing.Certificate.Thumbprint, history[^1].Authority.Signing.Certificate.Thumbprint);
        Assert.Single(history[^1].Authority.Roots);

        ClusterAuthority At(DateTimeOffset time) => history.Last(entry => entry.At <= time).Authority;
    }

    [Fact]
    public void A_step_of_a_rotation_is_not_taken_before_its_time_unless_forced()
    {
        var introducing = ClusterAuthority.Create(Cluster, Lifetime, Start).Rotate(Start, isForced: false);

        var early = Assert.Throws<EngineException>(() => introducing.Rotate(Start + Lifetime - TimeSpan.FromSeconds(1), isForced: false));
        Assert.Equal(EngineErrorCode.ClusterCertificateUnusable, early.Code);
        Assert.Equal(RotationStage.Replacing, introducing.Rotate(Start, isForced: true).Stage);
        Assert.Equal(RotationStage.Replacing, introducing.Rotate(Start + Lifetime, isForced: false).Stage);
    }

    [Fact]
    public void A_Lighthouse_is_no_node_and_a_node_is_no_Lighthouse()
    {
        var authority = ClusterAuthority.Create(Cluster, Lifetime, Start);
        using var node = authority.Issue(Node, Request(), Start);
        using var lighthouse = authority.Issue(Node, Request(), Start, CertificateKind.Lighthouse);
        var trust = new NodeTrust(Cluster, [.. authority.RootCertificates], []);

        Assert.Equal(Node, trust.Verify(node, Start, out _));
        Assert.Null(trust.Verify(node, Start, out _, CertificateKind.Lighthouse));
        Assert.Equal(Node, trust.Verify(lighthouse, Start, out _, CertificateKind.Lighthouse));
        Assert.Null(trust.Verify(lighthouse, Start, out _));
    }

    [Fact]
    public void A_root_or_a_certificate_signed_by_a_node_is_nobodys()
    {
        var authority = ClusterAuthority.Create(Cluster, Lifetime, Start);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var node = authority.Signing.Issue(Cluster, Node, new PublicKey(key), Start, Lifetime);
        var forging = new CertificateRequest(new X500DistinguishedName("CN=forged"), key, HashAlgorithmName.SHA256);
        forging.CertificateExtensions.Add(NodeName.Write(Cluster, new NodeId("forged"), CertificateKind.Node));
        using var forged = forging.Create(node.SubjectName, X509SignatureGenerator.CreateForECDsa(key), Start, Start + TimeSpan.FromHours(1), [1, 2, 3]);
        var trust = new NodeTrust(Cluster, [.. authority.RootCertificates], []);

        Assert.Null(trust.Verify(authority.Signing.Certificate, Start, out _));
        Assert.Null(trust.Verify(forged, Start, out _));
    }

    [Fact]
    public void Only_a_request_that_its_own_key_has_signed_is_signed()
    {
        var authority = ClusterAuthority.Create(Cluster, Lifetime, Start);
        var changed = Request();
        changed[^1] ^= 1;
        using var rsa = RSA.Create(2_048);
        var another = new CertificateRequest("CN=node", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequest();

        foreach (var request in new[] { changed, another, [], [.. Request(), 0] })
        {
            Assert.Equal(EngineErrorCode.RequestInvalid, Assert.Throws<EngineException>(() => authority.Issue(Node, request, Start)).Code);
        }
    }

    [Fact]
    public async Task An_authority_is_read_back_as_it_was_written_and_damage_is_told()
    {
        var folder = Directory.CreateTempSubdirectory("kyberium-authority-");
        try
        {
            var file = new AuthorityFile(folder.FullName);
            var authority = ClusterAuthority.Create(Cluster, Lifetime, Start).Rotate(Start, isForced: false) with { Denied = ["0A"] };
            await file.WriteAsync(authority, CancellationToken.None);
            var read = await file.ReadAsync(CancellationToken.None);

            Assert.Equal((authority.Cluster, authority.Stage, authority.Since, authority.CertificateLifetime), (read.Cluster, read.Stage, read.Since, read.CertificateLifetime));
            Assert.Equal(authority.RootCertificates, read.RootCertificates);
            Assert.Equal(["0A"], read.Denied);
            using var certificate = read.Issue(Node, Request(), Start);
            Assert.Equal(Node, new NodeTrust(Cluster, [authority.Roots[0].Certificate], []).Verify(certificate, Start, out _));

            await File.WriteAllTextAsync(file.Path, (await File.ReadAllTextAsync(file.Path)).Replace("Introducing", "Stable", StringComparison.Ordinal));
            Assert.Equal(EngineErrorCode.ClusterCertificateUnusable, (await Assert.ThrowsAsync<EngineException>(() => file.ReadAsync(CancellationToken.None).AsTask())).Code);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static byte[] Request()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest(new X500DistinguishedName("CN=whatever"), key, HashAlgorithmName.SHA256).CreateSigningRequest();
    }
}
