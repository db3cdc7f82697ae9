using System.CommandLine;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Lighthouse.Certificates;

namespace Kyberium.Lighthouse.Commands;

/// <summary><c>lighthouse certificate list|deny</c>.</summary>
internal static class CertificateCommands
{
    internal static Command List(CommandFrame frame)
    {
        var command = new Command("list", "Lists certificates whose time is not over: serial number, node, until when, and who denied it when.");
        command.SetAction(async (parsed, stopping) =>
        {
            var booked = await new CertificateBook(frame.Read(parsed).Directory).ReadAsync(TimeProvider.System.GetUtcNow(), stopping);
            foreach (var certificate in booked)
            {
                await PrintAsync(frame, certificate);
            }
        });
        return command;
    }

    internal static Command Deny(CommandFrame frame)
    {
        var serial = new Argument<string?>("serial") { Description = "The serial number of one certificate.", Arity = ArgumentArity.ZeroOrOne };
        var node = new Option<string?>("--node") { Description = "Every certificate that a node has.", HelpName = "name" };
        var command = new Command(
            "deny",
            "Refuses certificates before their time is over: Lighthouses from now on, nodes within about a minute. The node may join again with a new token.")
        { serial, node };
        command.SetAction(async (parsed, stopping) =>
        {
            var (one, all) = (parsed.GetValue(serial), parsed.GetValue(node));
            if (one is null == all is null)
            {
                throw LighthouseErrors.Usage(["give a serial number or --node, and not both"]);
            }

            var folder = frame.Read(parsed).Directory;
            foreach (var denied in await DenyAsync(folder, one?.ToUpperInvariant(), all, stopping))
            {
                await PrintAsync(frame, denied);
            }
        });
        return command;
    }

    /// <summary>Denies under the folder's lock: no renewal that began before can hand out another one unseen.</summary>
    private static async Task<IReadOnlyList<BookedCertificate>> DenyAsync(string folder, string? serial, string? node, CancellationToken cancellationToken)
    {
        var now = TimeProvider.System.GetUtcNow();
        var (file, book) = (new AuthorityFile(folder), new CertificateBook(folder));
        await using var held = await FolderLock.TakeAsync(folder, TimeProvider.System, cancellationToken);
        var authority = await file.ReadAsync(cancellationToken);
        var booked = await book.ReadAsync(now, cancellationToken);
        if (serial is not null && booked.All(certificate => certificate.Serial != serial))
        {
            if (serial.Length is < 2 or > 40 || !serial.All(char.IsAsciiHexDigit))
            {
                throw LighthouseErrors.NotASerial(serial);
            }

            booked = [.. booked, new BookedCertificate(serial, "", now + authority.CertificateLifetime)];       // issued elsewhere, or before they were listed
        }

        bool Is(BookedCertificate certificate) => certificate.DeniedAt is null && (serial is null ? certificate.Node == node : certificate.Serial == serial);
        List<BookedCertificate> denied = [.. booked.Where(Is).Select(certificate => certificate with { DeniedAt = now, DeniedBy = Environment.UserName })];
        if (denied.Count == 0 && node is not null)
        {
            throw LighthouseErrors.NoCertificate(node);
        }

        // The book first: should this end between the two, what is denied is at least said, and the next attempt does the rest.
        List<BookedCertificate> next = [.. booked.Where(certificate => !Is(certificate) && certificate.Until > now), .. denied];
        await book.WriteAsync(next, cancellationToken);
        var over = booked.Where(certificate => certificate.Until <= now).Select(static certificate => certificate.Serial);
        var refused = next.Where(static certificate => certificate.DeniedAt is not null).Select(static certificate => certificate.Serial);
        await file.WriteAsync(authority with { Denied = [.. authority.Denied.Except(over).Union(refused)] }, cancellationToken);
        return denied;
    }

    private static Task PrintAsync(CommandFrame frame, BookedCertificate certificate) => frame.Output.WriteLineAsync(
        $"{certificate.Serial} | {(certificate.Node.Length > 0 ? certificate.Node : "-")} | until {certificate.Until:u} | "
        + (certificate.DeniedAt is { } at ? $"denied {at:u} by {certificate.DeniedBy}" : "in force"));
}
