using Kyberium.Configuration.Hocon.Loading;
using Kyberium.Configuration.Hocon.Syntax;

namespace Kyberium.Configuration.Hocon.Resolution;

/// <summary>Joins the files of a document into definitions: follows includes, expands key paths, and gives every
/// substitution the places it has to look at.</summary>
internal sealed class DefinitionBuilder(IncludeLoader includes, HoconLimits limits, ProblemList problems)
{
    /// <summary>Where something is being built.</summary>
    /// <param name="Root">What <paramref name="Path"/> starts from: the document, or the list element it lies in.</param>
    /// <param name="Path">Path below <paramref name="Root"/>.</param>
    /// <param name="Key">Path from the document, with list indexes; for messages.</param>
    /// <param name="Bases">Where substitutions start from: the including places, innermost first, then the document.</param>
    /// <param name="Folder">Folder of the file being read; null for a text without one.</param>
    private readonly record struct Scope(
        ObjectDefinition Root, KeyPath Path, KeyPath Key, IReadOnlyList<Target> Bases, string? Folder)
    {
        internal Scope At(KeyPath path) => this with { Path = Path.Append(path), Key = Key.Append(path) };

        internal Scope AtElement(ObjectDefinition element, int index) =>
            this with { Root = element, Path = KeyPath.Empty, Key = Index(index) };

        internal KeyPath Index(int index) =>
            Key.Append(index.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    /// <summary>Returns the definition of the root.</summary>
    internal Definition Build(SyntaxNode root, string? folder)
    {
        var document = new ObjectDefinition(root.Origin);
        var scope = new Scope(document, KeyPath.Empty, KeyPath.Empty, [new Target(document, KeyPath.Empty)], folder);
        if (root is not ObjectNode fields)
        {
            return Value(root, scope);
        }

        AddMembers(fields, document, scope);
        return document;
    }

    private void AddMembers(ObjectNode node, ObjectDefinition target, Scope scope)
    {
        if (scope.Key.Elements.Count > limits.NestingDepthMax)
        {
            problems.Add(node.Origin, scope.Key.ToString(),
                $"values nest deeper than {limits.NestingDepthMax}; flatten them or raise NestingDepthMax");
            return;
        }

        foreach (var member in node.Members)
        {
            if (member is FieldNode field)
            {
                AddField(field, target, scope);
            }
            else
            {
                includes.Follow((IncludeNode)member, scope.Folder, scope.Key.ToString(),
                    (root, folder) => AddMembers(root, target, Included(scope, folder)));
            }
        }
    }

    private static Scope Included(Scope scope, string folder)
    {
        var here = new Target(scope.Root, scope.Path);
        var isSameBase = ReferenceEquals(here.Root, scope.Bases[0].Root) && here.Path.Elements.SequenceEqual(scope.Bases[0].Path.Elements);
        return scope with { Folder = folder, Bases = isSameBase ? scope.Bases : [here, .. scope.Bases] };
    }

    private void AddField(FieldNode field, ObjectDefinition target, Scope scope)
    {
        var elements = field.Path.Elements;
        for (var i = 0; i < elements.Count - 1; i++)
        {
            target = target.ObjectAt(elements[i], field.Origin);
        }

        var inner = scope.At(field.Path);
        if (field.IsAppend)
        {
            target.Add(elements[^1], Appended(field, inner));
        }
        else if (field.Value is ObjectNode node)
        {
            AddMembers(node, target.ObjectAt(elements[^1], field.Origin), inner);
        }
        else
        {
            target.Add(elements[^1], Value(field.Value with { Origin = field.Origin }, inner));
        }
    }

    // a += b means a = ${?a} [b], for this very a.
    private JoinDefinition Appended(FieldNode field, Scope scope)
    {
        var before = new ReferenceDefinition(
            field.Origin, scope.Key, scope.Path, isOptional: true, [new Target(scope.Root, scope.Path)], asksEnvironment: false);
        var added = new ArrayDefinition(field.Origin, [Element(field.Value, scope, 0)]);
        return new JoinDefinition(field.Origin, scope.Key, [new JoinPart(before, ""), new JoinPart(added, "")]);
    }

    private Definition Value(SyntaxNode node, Scope scope)
    {
        switch (node)
        {
            case ScalarNode scalar:
                return new ScalarDefinition(scalar.Origin, scalar.Kind, scalar.Text);
            case ArrayNode array:
                return new ArrayDefinition(array.Origin, [.. array.Elements.Select((element, i) => Element(element, scope, i))]);
            case SubstitutionNode substitution:
                return new ReferenceDefinition(
                    substitution.Origin, scope.Key, substitution.Path, substitution.IsOptional,
                    [.. scope.Bases.Select(start => start with { Path = start.Path.Append(substitution.Path) })], asksEnvironment: true);
            case JoinNode join:
                return new JoinDefinition(join.Origin, scope.Key, [.. join.Parts.Select(part => Part(part, scope))]);
            default:
                var definition = new ObjectDefinition(node.Origin);
                AddMembers((ObjectNode)node, definition, scope);
                return definition;
        }
    }

    private JoinPart Part(SyntaxNode part, Scope scope) =>
        part is BlankNode blank ? new JoinPart(null, blank.Text) : new JoinPart(Value(part, scope), "");

    private Slot Element(SyntaxNode node, Scope scope, int index)
    {
        if (node is not ObjectNode fields)
        {
            return new Slot([Value(node, scope with { Key = scope.Index(index) })]);
        }

        var element = new ObjectDefinition(node.Origin);
        AddMembers(fields, element, scope.AtElement(element, index));
        return new Slot([element]);
    }
}
