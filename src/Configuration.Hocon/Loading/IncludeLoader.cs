using Kyberium.Configuration.Hocon.Syntax;

namespace Kyberium.Configuration.Hocon.Loading;

/// <summary>Finds and reads included files, each once. Source: HOCON.md, "Includes".</summary>
internal sealed class IncludeLoader(SourceReader reader, HoconLimits limits, ProblemList problems)
{
    // In the order of merging: a later file overrides an earlier one.
    private static readonly string[] Endings = [".properties", ".json", ".conf"];

    private readonly Dictionary<string, SyntaxNode?> _files = new(StringComparer.Ordinal);
    private readonly Stack<string> _open = new();
    private int _count;

    /// <summary>Runs <paramref name="use"/> for each file that <paramref name="include"/> stands for, with the folder
    /// of that file. Missing files are skipped unless required.</summary>
    internal void Follow(IncludeNode include, string? directory, string key, Action<ObjectNode, string> use)
    {
        if (Locate(include, directory, key) is not { } paths)
        {
            return;
        }

        foreach (var path in paths)
        {
            if (MayOpen(include, path, key))
            {
                _open.Push(Path.GetFullPath(path));
                if (Read(include, path, key) is { } root)
                {
                    use(root, FolderOf(path));
                }

                _open.Pop();
            }
        }
    }

    /// <summary>Notes the file the document starts from, so that including it again is seen as a cycle.</summary>
    internal void Enter(string path) => _open.Push(Path.GetFullPath(path));

    internal static string FolderOf(string path) => Path.GetDirectoryName(path) is { Length: > 0 } folder ? folder : ".";

    private List<string>? Locate(IncludeNode include, string? directory, string key)
    {
        var name = include.Resource;
        if (name.Contains('\0', StringComparison.Ordinal))
        {
            problems.Add(include.Origin, key, "a file name cannot hold the character U+0000; remove it");
            return null;
        }

        if (directory is null && !Path.IsPathRooted(name))
        {
            problems.Add(include.Origin, key, $"'{name}' is relative, but this text has no folder; give an absolute path, "
                + "set IncludeDirectory, or read the text from a file");
            return null;
        }

        var path = directory is null ? name : Path.Combine(directory, name);
        var isExact = Endings.Contains(Path.GetExtension(name), StringComparer.Ordinal);
        List<string> found = [.. (isExact ? [path] : Endings.Select(ending => path + ending)).Where(File.Exists)];
        if (found.Count == 0 && !isExact && File.Exists(path))
        {
            problems.Add(include.Origin, key, $"'{path}' has none of the endings .conf, .json and .properties; rename it");
            return null;
        }

        if (found.Count == 0 && include.IsRequired)
        {
            problems.Add(include.Origin, key, $"the required file '{path}'{(isExact ? "" : " (.conf, .json or .properties)")} "
                + "does not exist; create it, or include it without required()");
            return null;
        }

        return found;
    }

    private bool MayOpen(IncludeNode include, string path, string key)
    {
        if (_open.Contains(Path.GetFullPath(path)))
        {
            problems.Add(include.Origin, key, $"'{path}' includes itself, directly or through other files; remove one include");
            return false;
        }

        if (_open.Count >= limits.IncludeDepthMax)
        {
            problems.Add(include.Origin, key, $"includes nest deeper than {limits.IncludeDepthMax}; flatten them, or raise IncludeDepthMax");
            return false;
        }

        if (++_count > limits.IncludeCountMax)
        {
            throw problems.Stop(include.Origin, key, $"more than {limits.IncludeCountMax} files are included; "
                + "merge some, or raise IncludeCountMax");
        }

        return true;
    }

    private ObjectNode? Read(IncludeNode include, string path, string key)
    {
        var identity = Path.GetFullPath(path);
        if (!_files.TryGetValue(identity, out var root))
        {
            root = reader.ReadFile(path, include.Origin);
            _files.Add(identity, root);
        }

        if (root is ArrayNode)
        {
            problems.Add(include.Origin, key, $"'{path}' holds a list, and only objects can be included; wrap it in a key");
        }

        return root as ObjectNode;
    }
}
