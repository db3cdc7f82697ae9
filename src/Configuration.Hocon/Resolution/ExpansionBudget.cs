using System.Runtime.CompilerServices;
using Kyberium.Configuration.Hocon.Syntax;

namespace Kyberium.Configuration.Hocon.Resolution;

/// <summary>What resolving one document may cost. Using it up ends the reading: a small text can ask for an
/// exponential amount of work.</summary>
internal sealed class ExpansionBudget(HoconLimits limits, ProblemList problems)
{
    private int _steps;
    private long _chars;
    private int _depth;

    internal bool IsAtTop => _depth == 0;

    internal void Step(HoconOrigin at, KeyPath key)
    {
        if (++_steps > limits.ExpansionStepsMax)
        {
            throw problems.Stop(at, key.ToString(), $"substitutions expand beyond {limits.ExpansionStepsMax} steps; "
                + "remove those that multiply one another, or raise ExpansionStepsMax");
        }
    }

    internal void Write(int chars, HoconOrigin at, KeyPath key)
    {
        _chars += chars;
        if (_chars > limits.ExpansionCharsMax)
        {
            throw problems.Stop(at, key.ToString(), $"substitutions expand beyond {limits.ExpansionCharsMax} characters; "
                + "remove those that multiply one another, or raise ExpansionCharsMax");
        }
    }

    internal void Enter(DeferredDefinition definition)
    {
        if (++_depth > limits.SubstitutionDepthMax || !RuntimeHelpers.TryEnsureSufficientExecutionStack())
        {
            throw problems.Stop(definition.Origin, definition.Key.ToString(),
                $"more than {Math.Min(_depth - 1, limits.SubstitutionDepthMax)} substitutions wait for one another; "
                + "shorten the chain, or raise SubstitutionDepthMax");
        }
    }

    internal void Leave() => _depth--;
}
