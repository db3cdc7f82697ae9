using System.CommandLine;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Kyberium.Engine;
using Kyberium.Engine.Cluster;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Engine.Keyring;
using Kyberium.Lighthouse.Certificates;

namespace Kyberium.Lighthouse.Commands;

/// <summary><c>lighthouse ca create|rotate|show|issue</c>.</summary>
internal static class AuthorityCommands
{
    internal static Command Create(CommandFrame frame)
    {
        var cluster = new Option<string>("--cluster") { Description = "The cluster's name; part of every certificate.", HelpName = "name", Required = true };
        var lifetime = new Option<string>("--certificate-lifetime")
        {
            Description = "How long a node's certificate lives; nodes renew it long before.", HelpName = "duration", DefaultValueFactory = _ => "24h",
        };
        var command = new Command("create", "Makes an authority with one root, mode 0600. Never overwrites one. Keep a copy apart.") { cluster, lifetime };
        command.SetAction(async (parsed, stopping) =>
        {
            var name = parsed.GetValue(cluster)!;
            var file = new AuthorityFile(frame.Read(parsed).Directory);
            if (!ClusterName.IsValid(name))
            {
                throw LighthouseErrors.NotAName("cluster", name);
            }

            if (File.Exists(file.Path))
            {
                throw CertificateErrors.AuthorityExists(file.Path);
            }

            var authority = ClusterAuthority.Create(
                new ClusterName(name), CommandFrame.Duration(parsed.GetValue(lifetime)!), TimeProvider.System.GetUtcNow());
            await file.WriteAsync(authority, stopping);
            await PrintAsync(frame, authority);
        });
        return command;
    }

    internal static Command Rotate(CommandFrame frame)
    {
        var force = new Option<bool>("--force") { Description = "Takes the step before every node has renewed; those that have not must join again." };
        var command = new Command(
            "rotate", "Takes the next of three steps to a new root: believe both, sign with the new one, drop the old one. Each waits one certificate's lifetime.") { force };
        command.SetAction(async (parsed, stopping) =>
        {
            var folder = frame.Read(parsed).Directory;
            var file = new AuthorityFile(folder);
            await using var held = await FolderLock.TakeAsync(folder, TimeProvider.System, stopping);
            var authority = (await file.ReadAsync(stopping)).Rotate(TimeProvider.System.GetUtcNow(), parsed.GetValue(force));
            await file.WriteAsync(authority, stopping);
            await PrintAsync(frame, authority);
        });
        return command;
    }

    internal static Command Show(CommandFrame frame)
    {
        var command = new Command("show", "Shows the authority and its roots, without keys.");
        command.SetAction(async (parsed, stopping) => await PrintAsync(frame, await new AuthorityFile(frame.Read(parsed).Directory).ReadAsync(stopping)));
        return command;
    }

    internal static Command Issue(CommandFrame frame)
    {
        var node = new Option<string>("--node") { Description = "The node's name.", HelpName = "name", Required = true };
        var folder = new Option<string>("--out") { Description = "Where node.pem, node.key and roots.pem go.", HelpName = "folder", Required = true };
        var command = new Command("issue", "Makes a key and a certificate for a node that cannot join by token.") { node, folder };
        command.SetAction(async (parsed, stopping) =>
        {
            if (!NodeId.TryParse(parsed.GetValue(node), out var name))
            {
                throw LighthouseErrors.NotAName("node", parsed.GetValue(node)!);
            }

            var directory = frame.Read(parsed).Directory;
            await using var held = await FolderLock.TakeAsync(directory, TimeProvider.System, stopping);
            var authority = await new AuthorityFile(directory).ReadAsync(stopping);
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            var request = new CertificateRequest(new X500DistinguishedName("CN=kyberium node"), key, HashAlgorithmName.SHA256).CreateSigningRequest();
            using var certificate = authority.Issue(name, request, TimeProvider.System.GetUtcNow());
            await new CertificateBook(directory).AddAsync(certificate, name, TimeProvider.System.GetUtcNow(), stopping);
            var path = Path.GetFullPath(parsed.GetValue(folder)!);
            PrivateFile.CreateFolder(path);
            await PrivateFile.ReplaceAsync(Path.Combine(path, "node.key"), Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem() + "\n"), stopping);
            await PrivateFile.ReplaceAsync(Path.Combine(path, "node.pem"), Encoding.ASCII.GetBytes(certificate.ExportCertificatePem() + "\n"), stopping);
            await PrivateFile.ReplaceAsync(
                Path.Combine(path, "roots.pem"), Encoding.ASCII.GetBytes(string.Concat(authority.RootCertificates.Select(root => root.ExportCertificatePem() + "\n"))), stopping);
            await frame.Output.WriteLineAsync($"node {name} of cluster {authority.Cluster}, until {certificate.NotAfter.ToUniversalTime():u}, in {path}");
        });
        return command;
    }

    private static async Task PrintAsync(CommandFrame frame, ClusterAuthority authority)
    {
        await frame.Output.WriteLineAsync($"cluster {authority.Cluster}, {authority.Stage.ToString().ToLowerInvariant()} since {authority.Since:u}");
        foreach (var root in authority.Roots)
        {
            var signs = root == authority.Signing ? "signs" : "believed";
            await frame.Output.WriteLineAsync(
                $"root {Convert.ToHexStringLower(SHA256.HashData(root.Certificate.RawData))}, {signs}, until {root.Certificate.NotAfter.ToUniversalTime():u}");
        }

        if (authority.Stage != RotationStage.Stable)
        {
            await frame.Output.WriteLineAsync($"next step from {authority.NextStepAt:u}");
        }
    }
}
