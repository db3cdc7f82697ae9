namespace Kyberium.Fuzzing;

/// <summary>One decoder, or a family of them, with what any input must not be able to do to it.</summary>
/// <param name="Name">As the command line and the corpus folder name it.</param>
/// <param name="Seeds">Valid inputs, from vectors that other tests hold; the search starts from them.</param>
/// <param name="Run">Returns for every input, accepted or refused; throws only when a law is broken. Returns whether it was accepted.</param>
internal sealed record FuzzTarget(string Name, Func<IEnumerable<byte[]>> Seeds, Func<byte[], bool> Run)
{
    internal static string Corpus { get; } = Path.Combine(AppContext.BaseDirectory, "Corpus");

    internal static IReadOnlyList<FuzzTarget> All { get; } =
    [
        Targets.WireTargets.Envelope,
        Targets.WireTargets.Handshake,
        Targets.WireTargets.Control,
        Targets.ClusterTargets.Frame,
        Targets.ClusterTargets.Witnesses,
        Targets.NodeTargets.Request,
        Targets.NodeTargets.Answer,
        Targets.StoreTargets.Record,
        Targets.StoreTargets.Snapshot,
        Targets.FileTargets.Keyring,
        Targets.FileTargets.Template,
        Targets.TextTargets.Hocon,
        Targets.TextTargets.CommandLine,
        Targets.PbmTargets.Frame,
    ];

    internal static FuzzTarget? Find(string name) => All.FirstOrDefault(target => target.Name == name);

    /// <summary>Gets inputs that a search found and that are kept: new ways through the code, and what once broke a law.</summary>
    internal IEnumerable<byte[]> Kept() => Directory.Exists(Folder)
        ? Directory.EnumerateFiles(Folder).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)
        : [];

    private string Folder => Path.Combine(Corpus, Name);
}
