using System.Collections.Concurrent;

namespace Kyberium.Cluster.Tests.Checks;

/// <summary>What was asked of the streams to peers, when, and which numbers came of it. A stream gives each message the next number, so that it is a counter:
/// the history is linearizable when no number was given twice and none to a call that began after a call had ended that got a higher one.</summary>
internal sealed class NumberHistory
{
    private readonly ConcurrentQueue<Call> _calls = new();

    /// <summary>Notes a call that was answered.</summary>
    /// <param name="stream">Whose counter.</param>
    /// <param name="began">When the first attempt began; any clock that does not go back.</param>
    /// <param name="ended">When it was answered.</param>
    /// <param name="number">What it got; 0 when the answer does not say (the message had been acknowledged long before).</param>
    internal void Add(string stream, long began, long ended, ulong number) => _calls.Enqueue(new Call(stream, began, ended, number));

    /// <summary>Says what no order of the calls explains.</summary>
    internal IReadOnlyList<string> FindViolations()
    {
        var found = new List<string>();
        foreach (var stream in _calls.Where(static call => call.Number > 0).GroupBy(static call => call.Stream))
        {
            found.AddRange(stream.GroupBy(static call => call.Number).Where(static calls => calls.Count() > 1)
                .Select(calls => $"{stream.Key}: number {calls.Key} was given {calls.Count()} times"));
            var ended = new PriorityQueue<Call, long>(stream.Select(static call => (call, call.Ended)));
            var highest = default(Call);
            foreach (var call in stream.OrderBy(static call => call.Began))
            {
                while (ended.TryPeek(out var before, out var end) && end < call.Began)
                {
                    highest = highest is { } known && known.Number > before.Number ? known : before;
                    ended.Dequeue();
                }

                if (highest is { } earlier && earlier.Number > call.Number)
                {
                    found.Add($"{stream.Key}: number {call.Number} was given to a call that began after the one with {earlier.Number} had ended");
                }
            }
        }

        return found;
    }

    private sealed record Call(string Stream, long Began, long Ended, ulong Number);
}
