using System.Collections.Immutable;

namespace Kyberium.Engine.Templates;

/// <summary>Merges templates with their ancestors and checks what only the whole shows. Pure: bytes in, templates out.</summary>
internal static class TemplateResolver
{
    /// <summary>How many templates may stand between one and the end of its ancestry, itself included.</summary>
    internal const int DepthMax = 8;

    /// <summary>Resolves all documents together.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.TemplateInvalid"/>, every problem of every file listed.</exception>
    internal static ImmutableDictionary<string, Template> Resolve(IEnumerable<TemplateSource> sources)
    {
        var problems = new List<TemplateProblem>();
        var documents = new Dictionary<string, TemplateDocument>();
        foreach (var source in sources)
        {
            if (TemplateDocument.Read(source.File, source.Bytes.Span, problems) is { } document)
            {
                Add(document, documents, problems);
            }
        }

        var templates = ImmutableDictionary.CreateBuilder<string, Template>();
        foreach (var document in documents.Values)
        {
            if (Merge(document, documents, problems) is { } values
                && PolicyRules.Build(document, values, problems) is { } policy)
            {
                templates.Add(document.Ref.Id, new Template(document.Ref, document.Description, policy));
            }
        }

        return problems.Count == 0 ? templates.ToImmutable() : throw TemplateErrors.Invalid(problems);
    }

    private static void Add(
        TemplateDocument document, Dictionary<string, TemplateDocument> documents, List<TemplateProblem> problems)
    {
        var id = document.Ref.Id;
        if (Path.GetFileName(document.File) != id + ".json")
        {
            problems.Add(new TemplateProblem(document.File, "$.id", 0, $"is '{id}', so the file must be named '{id}.json'"));
        }

        if (!documents.TryAdd(id, document))
        {
            problems.Add(new TemplateProblem(
                document.File, "$.id", 0, $"'{id}' is taken by {documents[id].File}; choose another id and extend that one"));
        }
    }

    private static Dictionary<string, LocatedValue>? Merge(
        TemplateDocument document, Dictionary<string, TemplateDocument> documents, List<TemplateProblem> problems)
    {
        var values = new Dictionary<string, LocatedValue>(document.Values);
        var lineage = new List<string> { document.Ref.Id };
        for (var child = document; child.Extends is { } extends;)
        {
            var parentId = (string)extends.Value;
            var problem = lineage.Contains(parentId) ? $"goes in a circle: {string.Join(" -> ", [.. lineage, parentId])}"
                : lineage.Count == DepthMax ? $"is the {DepthMax + 1}th template in a row; at most {DepthMax} may stand above each other"
                : !documents.ContainsKey(parentId) ? UnknownParent(parentId, documents.Keys)
                : null;
            if (problem is not null)
            {
                problems.Add(new TemplateProblem(document.File, "$.extends", child == document ? extends.Line : 0, problem));
                return null;
            }

            child = documents[parentId];
            lineage.Add(parentId);
            foreach (var (path, value) in child.Values)
            {
                values.TryAdd(path, value);
            }
        }

        return values;
    }

    private static string UnknownParent(string id, IEnumerable<string> known)
    {
        var nearest = NearestName.Find(id, known);
        return nearest is null ? $"there is no template '{id}'" : $"there is no template '{id}'; did you mean '{nearest}'?";
    }
}

/// <summary>A template file's name and bytes.</summary>
internal readonly record struct TemplateSource(string File, ReadOnlyMemory<byte> Bytes);
