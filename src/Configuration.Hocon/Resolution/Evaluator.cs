using Kyberium.Configuration.Hocon.Syntax;

namespace Kyberium.Configuration.Hocon.Resolution;

/// <summary>Finds the shape of places and definitions, lazily. Source: HOCON.md, "Substitutions" and
/// "Self-Referential Substitutions".</summary>
internal sealed class Evaluator(ExpansionBudget budget, Func<string, string?> environment, ProblemList problems)
{
    private readonly Joiner _joiner = new(budget, problems);

    /// <summary>Merges the assignments of a place, latest first, until one hides the rest.</summary>
    /// <returns>The shape, and the index of the lowest assignment it was taken from.</returns>
    /// <remarks>An assignment being worked out is what asked; then only those before it are looked at.</remarks>
    internal (Shape Shape, int Lowest) ShapeOf(Slot slot)
    {
        var definitions = slot.Definitions;
        var end = 0;
        while (end < definitions.Count && definitions[end] is not DeferredDefinition { IsInProgress: true })
        {
            end++;
        }

        var isCyclic = end < definitions.Count;
        List<ObjectDefinition>? layers = null;
        var lowest = end;
        for (var i = end - 1; i >= 0; i--)
        {
            switch (Evaluate(definitions[i]))
            {
                case Shape.Undefined:
                    continue;
                case Shape.Cycle when budget.IsAtTop:
                    ReportCycle((DeferredDefinition)definitions[i]);
                    return (Shape.Failed.Instance, i);
                case Shape.Cycle:
                    isCyclic = true;
                    continue;
                case Shape.Object lower:
                    layers ??= [];
                    layers.InsertRange(0, lower.Layers);
                    lowest = i;
                    continue;
                case var plain when layers is null:
                    return (plain, i);
            }

            break;
        }

        return layers is not null ? (new Shape.Object(layers), lowest)
            : (isCyclic ? Shape.Cycle.Instance : Shape.Undefined.Instance, lowest);
    }

    internal Slot Member(Shape.Object parent, string key)
    {
        if (parent.Layers.Count == 1)
        {
            return new Slot(parent.Layers[0].Fields.TryGetValue(key, out var only) ? only : []);
        }

        var definitions = new List<Definition>();
        foreach (var layer in parent.Layers)
        {
            budget.Step(layer.Origin, KeyPath.Empty);
            if (layer.Fields.TryGetValue(key, out var assignments))
            {
                definitions.AddRange(assignments);
            }
        }

        return new Slot(definitions);
    }

    internal void ReportCycle(DeferredDefinition definition)
    {
        if (definition.Result is not Shape.Failed)
        {
            definition.Result = Shape.Failed.Instance;
            problems.Add(definition.Origin, definition.Key.ToString(), "this value depends on itself, and no earlier value "
                + "of the key breaks the cycle; give it one before this line, or refer to another key");
        }
    }

    private Shape Evaluate(Definition definition)
    {
        switch (definition)
        {
            case ObjectDefinition layer: return new Shape.Object([layer]);
            case ArrayDefinition array: return new Shape.Array(array.Elements);
            case ScalarDefinition { Kind: ScalarKind.Broken }: return Shape.Failed.Instance;
            case ScalarDefinition scalar: return new Shape.Scalar(scalar.Kind, scalar.Text);
        }

        var deferred = (DeferredDefinition)definition;
        if (deferred.Result is { } known)
        {
            return known;
        }

        if (deferred.IsInProgress)
        {
            return Shape.Cycle.Instance;
        }

        budget.Step(deferred.Origin, deferred.Key);
        budget.Enter(deferred);
        deferred.IsInProgress = true;
        var shape = deferred is ReferenceDefinition reference
            ? Follow(reference)
            : _joiner.Join((JoinDefinition)deferred, Evaluate, key => Member(key.Parent, key.Name));
        deferred.IsInProgress = false;
        budget.Leave();
        if (shape is not Shape.Cycle)
        {
            deferred.Result = shape;    // a cycle holds only as seen from here; another question may break it
        }

        return shape;
    }

    private Shape Follow(ReferenceDefinition reference)
    {
        var isCyclic = false;
        foreach (var target in reference.Targets)
        {
            switch (LookUp(reference, target))
            {
                case Shape.Undefined: continue;
                case Shape.Cycle: isCyclic = true; continue;
                case var found: return found;
            }
        }

        if (reference.AsksEnvironment && reference.Written.Elements is [{ Length: > 0 } name] && environment(name) is { } value)
        {
            return new Shape.Scalar(ScalarKind.String, value);
        }

        if (reference.IsOptional)
        {
            return Shape.Undefined.Instance;
        }

        if (isCyclic)
        {
            return Shape.Cycle.Instance;
        }

        problems.Add(reference.Origin, reference.Key.ToString(), $"${{{reference.Written}}} is not defined; define the key, "
            + $"correct the path, or write ${{?{reference.Written}}} if it may be absent");
        return Shape.Failed.Instance;
    }

    private Shape LookUp(ReferenceDefinition reference, Target target)
    {
        Shape shape = new Shape.Object([target.Root]);
        foreach (var element in target.Path.Elements)
        {
            budget.Step(reference.Origin, reference.Key);
            switch (shape)
            {
                case Shape.Object parent: shape = ShapeOf(Member(parent, element)).Shape; break;
                case Shape.Failed or Shape.Cycle: return shape;
                default: return Shape.Undefined.Instance;
            }
        }

        return shape;
    }
}
