using Kyberium.Configuration.Hocon.Syntax;

namespace Kyberium.Configuration.Hocon.Resolution;

/// <summary>Writes definitions out as values: every substitution replaced, every object merged.</summary>
internal sealed class Resolver
{
    private readonly ExpansionBudget _budget;
    private readonly Evaluator _evaluator;
    private readonly ProblemList _problems;
    private readonly int _nestingDepthMax;

    private Resolver(HoconReadOptions options, ProblemList problems)
    {
        _problems = problems;
        _nestingDepthMax = options.Limits.NestingDepthMax;
        _budget = new ExpansionBudget(options.Limits, problems);
        _evaluator = new Evaluator(_budget, options.Environment, problems);
    }

    /// <summary>Returns the value of the root. What has problems is left out; they are reported.</summary>
    internal static HoconNode Resolve(Definition root, HoconReadOptions options, ProblemList problems) =>
        new Resolver(options, problems).Value(new Slot([root]), KeyPath.Empty)
            ?? new HoconNode.Object(root.Origin, []);

    private HoconNode? Value(Slot slot, KeyPath key)
    {
        var (shape, lowest) = _evaluator.ShapeOf(slot);
        if (shape is Shape.Undefined or Shape.Failed)
        {
            return null;
        }

        var origin = Decider(slot).Origin;
        _budget.Step(origin, key);
        if (shape is Shape.Scalar scalar)
        {
            _budget.Write(scalar.Text.Length, origin, key);
            return new HoconNode.Scalar(origin, scalar.Kind, scalar.Text);
        }

        if (key.Elements.Count > _nestingDepthMax)
        {
            _problems.Add(origin, key.ToString(), $"values nest deeper than {_nestingDepthMax}; flatten them or raise NestingDepthMax");
            return null;
        }

        return Expanding(slot, lowest, () => shape is Shape.Array array
            ? Array(array, origin, key)
            : Object((Shape.Object)shape, origin, key));
    }

    // While the members of a substitution's value are written, meeting the same substitution again means that the
    // value contains itself.
    private HoconNode? Expanding(Slot slot, int lowest, Func<HoconNode> write)
    {
        var sources = slot.Definitions.Skip(lowest).OfType<DeferredDefinition>()
            .Where(definition => definition.Result is Shape.Object or Shape.Array).ToList();
        if (sources.Find(definition => definition.IsExpanding) is { } again)
        {
            _evaluator.ReportCycle(again);
            return null;
        }

        sources.ForEach(definition => definition.IsExpanding = true);
        var value = write();
        sources.ForEach(definition => definition.IsExpanding = false);
        return value;
    }

    private HoconNode.Array Array(Shape.Array shape, HoconOrigin origin, KeyPath key)
    {
        var elements = new List<HoconNode>();
        for (var i = 0; i < shape.Elements.Count; i++)
        {
            if (Value(shape.Elements[i], key.Append(i.ToString(System.Globalization.CultureInfo.InvariantCulture))) is { } element)
            {
                elements.Add(element);
            }
        }

        return new HoconNode.Array(origin, elements);
    }

    private HoconNode.Object Object(Shape.Object shape, HoconOrigin origin, KeyPath key)
    {
        var fields = new List<KeyValuePair<string, HoconNode>>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var layer in shape.Layers)
        {
            foreach (var name in layer.Fields.Keys)
            {
                if (names.Add(name) && Value(_evaluator.Member(shape, name), key.Append(name)) is { } value)
                {
                    fields.Add(new(name, value));
                }
            }
        }

        return new HoconNode.Object(origin, fields);
    }

    // The latest assignment that is not an absent optional substitution.
    private static Definition Decider(Slot slot) =>
        slot.Definitions.Last(definition => definition is not DeferredDefinition { Result: Shape.Undefined });
}
