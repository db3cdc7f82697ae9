using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Kyberium.Engine.Diagnostics;

/// <summary>Checks that stay on in production. A broken one ends the shard; recovery takes over.</summary>
internal static class Invariant
{
    internal static void Holds(
        [DoesNotReturnIf(false)] bool condition,
        string claim,
        [CallerArgumentExpression(nameof(condition))] string? expression = null)
    {
        if (!condition)
        {
            throw new InvariantViolatedException($"{claim} ({expression})");
        }
    }

    internal static InvariantViolatedException Violated(string claim) => new(claim);
}

/// <summary>The engine found itself in a state its own rules exclude: a defect, never an input's fault.</summary>
internal sealed class InvariantViolatedException(string message) : Exception(message);
