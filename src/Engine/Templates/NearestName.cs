namespace Kyberium.Engine.Templates;

/// <summary>Finds what somebody who mistyped a name meant.</summary>
internal static class NearestName
{
    /// <summary>Gives the candidate with the fewest edits, when those are few for the name's length.</summary>
    internal static string? Find(string name, IEnumerable<string> candidates)
    {
        var best = candidates
            .Select(candidate => (Candidate: candidate, Edits: Edits(name.ToUpperInvariant(), candidate.ToUpperInvariant())))
            .OrderBy(entry => entry.Edits)
            .FirstOrDefault();
        return best.Candidate is not null && best.Edits <= Math.Max(2, best.Candidate.Length / 3) ? best.Candidate : null;
    }

    // Levenshtein distance, one row at a time.
    private static int Edits(string from, string to)
    {
        int[] row = [.. Enumerable.Range(0, to.Length + 1)];
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var substitution = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitution, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
