using Kyberium.Configuration.Hocon.Syntax;

namespace Kyberium.Configuration.Hocon.Resolution;

/// <summary>One assignment to a key. A key's assignments stay apart until resolving, because a substitution may ask
/// for what was assigned before it.</summary>
internal abstract class Definition(HoconOrigin origin)
{
    internal HoconOrigin Origin { get; } = origin;
}

internal sealed class ScalarDefinition(HoconOrigin origin, ScalarKind kind, string text) : Definition(origin)
{
    internal ScalarKind Kind { get; } = kind;

    internal string Text { get; } = text;
}

internal sealed class ArrayDefinition(HoconOrigin origin, IReadOnlyList<Slot> elements) : Definition(origin)
{
    internal IReadOnlyList<Slot> Elements { get; } = elements;
}

/// <summary>An object and, per key, its assignments in the order written.</summary>
internal sealed class ObjectDefinition(HoconOrigin origin) : Definition(origin)
{
    private readonly Dictionary<string, List<Definition>> _fields = new(StringComparer.Ordinal);

    internal IReadOnlyDictionary<string, List<Definition>> Fields => _fields;

    internal void Add(string key, Definition value)
    {
        if (!_fields.TryGetValue(key, out var assignments))
        {
            _fields.Add(key, assignments = []);
        }

        assignments.Add(value);
    }

    /// <summary>Returns the object last assigned to the key, to merge into, or assigns an empty one.</summary>
    internal ObjectDefinition ObjectAt(string key, HoconOrigin origin)
    {
        if (_fields.TryGetValue(key, out var assignments) && assignments[^1] is ObjectDefinition last)
        {
            return last;
        }

        var created = new ObjectDefinition(origin);
        Add(key, created);
        return created;
    }
}

/// <summary>A value that must be worked out. Worked out once, whoever asks.</summary>
internal abstract class DeferredDefinition(HoconOrigin origin, KeyPath key) : Definition(origin)
{
    internal KeyPath Key { get; } = key;

    /// <summary>Gets or sets the result, once there is one.</summary>
    internal Shape? Result { get; set; }

    /// <summary>Gets or sets whether the result is being worked out: a look-up that comes by looks below it.</summary>
    internal bool IsInProgress { get; set; }

    /// <summary>Gets or sets whether the members of the result are being written out.</summary>
    internal bool IsExpanding { get; set; }
}

/// <summary>A substitution and the places it looks at, in order.</summary>
internal sealed class ReferenceDefinition(
    HoconOrigin origin, KeyPath key, KeyPath written, bool isOptional, IReadOnlyList<Target> targets, bool asksEnvironment)
    : DeferredDefinition(origin, key)
{
    internal KeyPath Written { get; } = written;

    internal bool IsOptional { get; } = isOptional;

    internal IReadOnlyList<Target> Targets { get; } = targets;

    internal bool AsksEnvironment { get; } = asksEnvironment;
}

/// <summary>A path below an object.</summary>
internal readonly record struct Target(ObjectDefinition Root, KeyPath Path);

/// <summary>Several values on one line.</summary>
internal sealed class JoinDefinition(HoconOrigin origin, KeyPath key, IReadOnlyList<JoinPart> parts)
    : DeferredDefinition(origin, key)
{
    internal IReadOnlyList<JoinPart> Parts { get; } = parts;
}

/// <summary>A value, or the unquoted whitespace between two.</summary>
internal readonly record struct JoinPart(Definition? Value, string Blank);

/// <summary>The assignments of one place, earliest first.</summary>
internal readonly record struct Slot(IReadOnlyList<Definition> Definitions);
