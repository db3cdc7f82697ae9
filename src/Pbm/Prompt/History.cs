namespace Kyberium.Pbm.Prompt;

/// <summary>The lines that were run, oldest first. Kept in memory only: they name peers and paths.</summary>
internal sealed class History
{
    internal const int CountMax = 500;

    private readonly List<string> _lines = [];

    internal IReadOnlyList<string> Lines => _lines;

    /// <summary>Adds a line, unless it says nothing or is the last one again.</summary>
    internal void Add(string line)
    {
        if (string.IsNullOrWhiteSpace(line) || (_lines.Count > 0 && _lines[^1] == line))
        {
            return;
        }

        if (_lines.Count == CountMax)
        {
            _lines.RemoveAt(0);
        }

        _lines.Add(line);
    }
}
