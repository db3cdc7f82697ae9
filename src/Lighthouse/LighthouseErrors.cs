using Kyberium.Configuration.Hocon;
using Kyberium.Engine;

namespace Kyberium.Lighthouse;

/// <summary>Every failure the program itself finds, with what to do next.</summary>
internal static class LighthouseErrors
{
    internal static EngineException Usage(IEnumerable<string> problems) =>
        new(EngineErrorCode.RequestInvalid, $"{string.Join("; ", problems)}; run 'lighthouse --help'");

    internal static EngineException Invalid(IReadOnlyCollection<string> problems) => new(
        EngineErrorCode.OptionsInvalid,
        $"{problems.Count} problem{(problems.Count == 1 ? "" : "s")} in the configuration; correct and start again (hocon/lighthouse.conf lists every key):\n  "
        + string.Join("\n  ", problems));

    internal static EngineException Unreadable(HoconException cause) => new(
        EngineErrorCode.OptionsInvalid, "the configuration file has problems; correct and start again:\n  " + string.Join("\n  ", cause.Problems), cause);

    internal static EngineException NotAName(string kind, string text) =>
        new(EngineErrorCode.RequestInvalid, $"'{text}' is no name of a {kind}; see 'lighthouse --help'");

    internal static EngineException NotADuration(string text) =>
        new(EngineErrorCode.RequestInvalid, $"'{text}' is no duration from 1 m to 90 d; write for instance 24h");

    internal static EngineException AnotherCluster(string configured, string found) => new(
        EngineErrorCode.ClusterRefused,
        $"the configuration names cluster '{configured}', the authority is of '{found}'; correct kyberium.lighthouse.cluster or ACTORSYSTEM, or the directory");

    internal static EngineException CannotListen(string where, Exception cause) =>
        new(EngineErrorCode.OptionsInvalid, $"cannot listen at {where} ({cause.Message}); choose a free address of this machine", cause);

    internal static EngineException NotReady() =>
        new(EngineErrorCode.ClusterCertificateUnusable, "this Lighthouse cannot issue certificates now; ask another one, and look at its log");

    internal static EngineException MemoryDamaged(string path, string problem) => new(
        EngineErrorCode.JournalCorrupt, $"'{path}' {problem}; delete it ('lighthouse witness forget'): nodes say again how far their shards are at their next checkpoints");

    internal static EngineException FolderLocked(string path, Exception cause) =>
        new(EngineErrorCode.Overloaded, $"'{path}' is held by another process for too long ({cause.Message}); look which one", cause);

    internal static EngineException NotAStore(string text) =>
        new(EngineErrorCode.RequestInvalid, $"'{text}' is no store of which something is remembered; 'lighthouse witness list' shows them");

    internal static EngineException BookMalformed(string path, Exception cause) => new(
        EngineErrorCode.ClusterCertificateUnusable,
        $"'{path}' is no list of certificates ({cause.Message}); move it away: what is denied stays denied, and certificates are listed again as nodes renew them", cause);

    internal static EngineException NotASerial(string text) => new(
        EngineErrorCode.RequestInvalid, $"'{text}' is no certificate's serial number; 'lighthouse certificate list' shows them");

    internal static EngineException NoCertificate(string node) => new(
        EngineErrorCode.RequestInvalid, $"no certificate of node '{node}' is in force that could be denied; 'lighthouse certificate list' shows them");

    internal static EngineException Defect(Exception cause) =>
        new(EngineErrorCode.InternalError, $"{cause.GetType().Name}: {cause.Message}; report this with what was asked for", cause);

    internal static EngineException NoDatabase() => new(
        EngineErrorCode.OptionsInvalid, "kyberium.lighthouse.pbm.listen is set, and there is nothing to show without the cluster's database; set kyberium.lighthouse.database");
}
