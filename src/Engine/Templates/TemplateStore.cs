using System.Collections.Immutable;

namespace Kyberium.Engine.Templates;

/// <summary>The templates an engine knows: those it ships and those of the operator's directory. Immutable, thread-safe.</summary>
internal sealed class TemplateStore
{
    /// <summary>How many files a folder may hold.</summary>
    internal const int CountMax = 1_024;

    private const string ResourcePrefix = "levels/";

    private readonly ImmutableDictionary<string, Template> _templates;

    private TemplateStore(ImmutableDictionary<string, Template> templates) => _templates = templates;

    internal IEnumerable<Template> All => _templates.Values.OrderBy(template => template.Ref.Id, StringComparer.Ordinal);

    /// <summary>Loads the shipped templates and every <c>*.json</c> of <paramref name="directory"/>, if one is given.</summary>
    internal static TemplateStore Load(string? directory) => LoadAll(string.IsNullOrEmpty(directory) ? [] : [directory]);

    /// <summary>Loads the shipped templates and those of the folders that somebody else than the options names.</summary>
    /// <exception cref="EngineException">As <see cref="Load"/>; also when a name is no absolute path.</exception>
    internal static TemplateStore LoadFound(IReadOnlyList<string> directories) =>
        directories.FirstOrDefault(static folder => !Path.IsPathFullyQualified(folder)) is { } wrong ? throw TemplateErrors.NotAFolder(wrong) : LoadAll(directories);

    /// <summary>Loads the shipped templates and every <c>*.json</c> of some folders.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.TemplateInvalid"/>, every problem of every file listed.</exception>
    /// <remarks>Reads in place: the files are few and small, and a start must run nothing outside its scheduler.</remarks>
    private static TemplateStore LoadAll(IReadOnlyList<string> directories)
    {
        var sources = new List<TemplateSource>(Shipped());
        foreach (var file in directories.SelectMany(List))
        {
            sources.Add(new TemplateSource(file, Read(file)));
        }

        return new TemplateStore(TemplateResolver.Resolve(sources));
    }

    /// <exception cref="EngineException"><see cref="EngineErrorCode.TemplateInvalid"/>: there is none of this id.</exception>
    internal Template Get(string id) =>
        _templates.TryGetValue(id, out var template)
            ? template
            : throw TemplateErrors.Unknown(id, All.Select(known => known.Ref.Id));

    private static IEnumerable<TemplateSource> Shipped()
    {
        var assembly = typeof(TemplateStore).Assembly;
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(ResourcePrefix, StringComparison.Ordinal)))
        {
            using var stream = assembly.GetManifestResourceStream(name)!;
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            yield return new TemplateSource(name, bytes);
        }
    }

    private static List<string> List(string directory)
    {
        try
        {
            var files = Directory.EnumerateFiles(directory, "*.json").Take(CountMax + 1).Order(StringComparer.Ordinal).ToList();
            return files.Count <= CountMax
                ? files
                : throw TemplateErrors.Invalid([new TemplateProblem(directory, "$", 0, $"holds more than {CountMax:N0} templates")]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TemplateErrors.Unreadable(directory, e);
        }
    }

    private static byte[] Read(string file)
    {
        try
        {
            // One byte over the limit is enough to see that a file is too large.
            var bytes = new byte[TemplateDocument.SizeMax + 1];
            using var stream = File.OpenRead(file);
            return bytes[..stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw TemplateErrors.Unreadable(file, e);
        }
    }
}
