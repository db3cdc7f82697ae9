namespace Kyberium.Configuration.Hocon;

/// <summary>Collects the problems of one document, up to a bound; the rest are counted.</summary>
internal sealed class ProblemList(int countMax)
{
    private const int TextCharsMax = 1_000;

    private readonly List<HoconProblem> _problems = [];
    private int _notListed;

    internal bool Any => _problems.Count > 0;

    internal void Add(HoconOrigin at, string key, string message)
    {
        if (_problems.Count < countMax)
        {
            _problems.Add(new HoconProblem(at.File, at.Line, at.Column, Shorten(key), Shorten(message)));
        }
        else
        {
            _notListed++;
        }
    }

    internal void ThrowIfAny()
    {
        if (Any)
        {
            throw ToException();
        }
    }

    /// <summary>Adds a problem that makes going on pointless, such as a bound that is used up.</summary>
    internal HoconException Stop(HoconOrigin at, string key, string message)
    {
        Add(at, key, message);
        return ToException();
    }

    // Keys and quoted text come from the input and may be as long as it.
    private static string Shorten(string text) => text.Length <= TextCharsMax ? text : text[..TextCharsMax] + "…";

    private HoconException ToException()
    {
        if (_notListed == 0)
        {
            return new HoconException([.. _problems]);
        }

        var last = _problems[^1];
        return new HoconException([.. _problems, last with
        {
            Key = "",
            Message = $"{_notListed} more problems are not listed; correct these first and read again",
        }]);
    }
}
