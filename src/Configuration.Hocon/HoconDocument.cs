using Kyberium.Configuration.Hocon.Loading;
using Kyberium.Configuration.Hocon.Resolution;
using Kyberium.Configuration.Hocon.Syntax;

namespace Kyberium.Configuration.Hocon;

/// <summary>A HOCON text, with everything it includes, read and resolved. Immutable.</summary>
/// <remarks>Source: HOCON.md of lightbend/config. Every reading method reports all problems of all files together.</remarks>
public sealed class HoconDocument : IHoconOrigins
{
    private readonly ConfigurationKeys _keys;

    private HoconDocument(ConfigurationKeys keys, HoconNode root)
    {
        _keys = keys;
        Root = root;
    }

    /// <summary>Gets the values by configuration key: segments joined by <c>:</c>, hyphens dropped, case ignored, list
    /// elements numbered from 0.</summary>
    /// <remarks>Values are as written: a duration stays <c>10 s</c>; see <see cref="HoconDuration"/>,
    /// <see cref="HoconSize"/> and <see cref="HoconBoolean"/>.</remarks>
    public IReadOnlyDictionary<string, string?> Values => _keys.Values;

    internal HoconNode Root { get; }

    /// <summary>Reads a text.</summary>
    /// <exception cref="HoconException">The text or a file it includes has problems; all are listed.</exception>
    public static HoconDocument Parse(string text, HoconReadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        options ??= new HoconReadOptions();
        return Read(options, options.IncludeDirectory, entered: null, reader => reader.ReadText(options.SourceName, text));
    }

    /// <summary>Reads a stream of UTF-8 to its end. The caller disposes it.</summary>
    /// <exception cref="HoconException">The text or a file it includes has problems; all are listed.</exception>
    public static HoconDocument Read(Stream stream, HoconReadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        options ??= new HoconReadOptions();
        return Read(options, options.IncludeDirectory, entered: null, reader => reader.ReadStream(options.SourceName, stream));
    }

    /// <summary>Reads a file: <c>.json</c> as JSON, <c>.properties</c> as Java properties, anything else as HOCON.</summary>
    /// <param name="path">Path of the file; a relative one starts from the current directory of the process.</param>
    /// <param name="options">How to read; null for the defaults.</param>
    /// <exception cref="HoconException">The file is missing, or it or a file it includes has problems; all are listed.</exception>
    public static HoconDocument Load(string path, HoconReadOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var at = new HoconOrigin(path, 1, 1);
        if (!File.Exists(path))
        {
            throw new HoconException([new HoconProblem(path, 1, 1, "",
                $"the file does not exist (looked for '{Path.GetFullPath(path)}'); create it, correct the path, or make it optional")]);
        }

        return Read(options ?? new HoconReadOptions(), IncludeLoader.FolderOf(path), path, reader => reader.ReadFile(path, at));
    }

    /// <summary>Returns where a key was written, or null when the document does not set it.</summary>
    /// <param name="path">Path as HOCON writes it, e.g. <c>engine.shard.mailbox-count-max</c>.</param>
    public HoconOrigin? OriginOf(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var tokens = Tokenizer.Tokenize(path);
        var (parsed, error, _) = KeyPath.Read(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(tokens)[..^1]);
        return error is null && TryGetOrigin(string.Join(':', parsed.Elements), out var origin) ? origin : null;
    }

    /// <inheritdoc/>
    public bool TryGetOrigin(string configurationKey, out HoconOrigin origin) =>
        _keys.Origins.TryGetValue(KebabCaseKeys.Normalize(configurationKey), out origin);

    private static HoconDocument Read(
        HoconReadOptions options, string? folder, string? entered, Func<SourceReader, SyntaxNode?> read)
    {
        var problems = new ProblemList(options.Limits.ProblemCountMax);
        var reader = new SourceReader(options.Limits, problems);
        var includes = new IncludeLoader(reader, options.Limits, problems);
        if (entered is not null)
        {
            includes.Enter(entered);
        }

        if (read(reader) is not { } syntax)
        {
            problems.ThrowIfAny();
            throw new InvalidOperationException("a source without a problem was not read");
        }

        var definitions = new DefinitionBuilder(includes, options.Limits, problems).Build(syntax, folder);
        var root = Resolver.Resolve(definitions, options, problems);
        var keys = ConfigurationKeys.Render(root, problems);
        problems.ThrowIfAny();
        return new HoconDocument(keys, root);
    }
}
