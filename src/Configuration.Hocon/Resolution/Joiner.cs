using System.Globalization;
using System.Text;
using Kyberium.Configuration.Hocon.Syntax;

namespace Kyberium.Configuration.Hocon.Resolution;

/// <summary>Joins the values of one line into a string, a list or an object. Source: HOCON.md, "Value concatenation"
/// and "Conversion of numerically-indexed objects to arrays".</summary>
internal sealed class Joiner(ExpansionBudget budget, ProblemList problems)
{
    /// <summary>Returns the joined value; stops at the first part that is part of a cycle.</summary>
    internal Shape Join(
        JoinDefinition join, Func<Definition, Shape> evaluate, Func<(Shape.Object Parent, string Name), Slot> member)
    {
        var shapes = new Shape[join.Parts.Count];    // blanks stay null
        for (var i = 0; i < shapes.Length; i++)
        {
            if (join.Parts[i].Value is { } value && (shapes[i] = evaluate(value)) is Shape.Cycle or Shape.Failed)
            {
                return shapes[i];
            }
        }

        var hasText = Array.Exists(shapes, shape => shape is Shape.Scalar);
        var hasList = Array.Exists(shapes, shape => shape is Shape.Array);
        var hasObject = Array.Exists(shapes, shape => shape is Shape.Object);
        return (hasText, hasList, hasObject) switch
        {
            (false, false, false) => Shape.Undefined.Instance,
            (true, false, false) => Text(join, shapes),
            (false, false, true) => new Shape.Object([.. shapes.OfType<Shape.Object>().SelectMany(shape => shape.Layers)]),
            (false, true, _) => List(join, shapes, member),
            _ => Mixed(join),
        };
    }

    private Shape.Scalar Text(JoinDefinition join, Shape[] shapes)
    {
        var text = new StringBuilder();
        for (var i = 0; i < shapes.Length; i++)
        {
            var part = shapes[i] switch
            {
                null => join.Parts[i].Blank,
                Shape.Scalar scalar => scalar.Text,
                _ => "",
            };
            budget.Write(part.Length, join.Origin, join.Key);
            text.Append(part);
        }

        return new Shape.Scalar(ScalarKind.String, text.ToString());
    }

    private Shape List(JoinDefinition join, Shape[] shapes, Func<(Shape.Object Parent, string Name), Slot> member)
    {
        var elements = new List<Slot>();
        foreach (var shape in shapes)
        {
            IReadOnlyList<Slot>? added = shape switch
            {
                Shape.Array array => array.Elements,
                Shape.Object indexed => Indexed(indexed, member),
                _ => [],
            };
            if (added is null)
            {
                return Mixed(join);
            }

            for (var i = 0; i < added.Count; i++)
            {
                budget.Step(join.Origin, join.Key);
                elements.Add(added[i]);
            }
        }

        return new Shape.Array(elements);
    }

    // Null when no key is an index: then the object is no list.
    private static List<Slot>? Indexed(Shape.Object shape, Func<(Shape.Object Parent, string Name), Slot> member)
    {
        var names = shape.Layers.SelectMany(layer => layer.Fields.Keys).Distinct(StringComparer.Ordinal)
            .Select(name => (Name: name, IsIndex: int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index), Index: index))
            .Where(key => key.IsIndex).OrderBy(key => key.Index).ToList();
        return names.Count == 0 ? null : names.ConvertAll(key => member((shape, key.Name)));
    }

    private Shape.Failed Mixed(JoinDefinition join)
    {
        problems.Add(join.Origin, join.Key.ToString(), "text, lists and objects cannot be joined with one another; make all values "
            + "on this line the same kind, or separate them by a comma or a new line");
        return Shape.Failed.Instance;
    }
}
