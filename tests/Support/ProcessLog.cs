namespace Kyberium.Tests.Support;

/// <summary>What a process says, line by line, and whoever waits for a word of it. Part of each test project that needs it.</summary>
internal sealed class ProcessLog
{
    private readonly Lock _lock = new();
    private readonly List<string> _lines = [];
    private TaskCompletionSource _more = New();

    internal ProcessLog(TextReader source) => Reading = ReadAsync(source);

    /// <summary>Gets a task that completes once the process says nothing more.</summary>
    internal Task Reading { get; }

    /// <summary>Gets how many lines there are.</summary>
    internal int Count
    {
        get
        {
            lock (_lock)
            {
                return _lines.Count;
            }
        }
    }

    /// <summary>Waits for a line with a word in it.</summary>
    /// <param name="word">What to find.</param>
    /// <param name="from">The first line that counts.</param>
    internal async Task<string> SaidAsync(string word, int from = 0)
    {
        using var patience = new CancellationTokenSource(ScratchNode.Patience);
        while (true)
        {
            Task more;
            lock (_lock)
            {
                if (_lines.Skip(from).FirstOrDefault(line => line.Contains(word, StringComparison.Ordinal)) is { } found)
                {
                    return found;
                }

                more = _more.Task;
            }

            try
            {
                await more.WaitAsync(patience.Token);
            }
            catch (OperationCanceledException)
            {
                throw new TimeoutException($"it did not say '{word}' within {ScratchNode.Patience}, but: {this}");
            }
        }
    }

    /// <summary>Gives all lines.</summary>
    public override string ToString()
    {
        lock (_lock)
        {
            return string.Join(Environment.NewLine, _lines);
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task ReadAsync(TextReader source)
    {
        while (await source.ReadLineAsync() is { } line)
        {
            TaskCompletionSource waited;
            lock (_lock)
            {
                _lines.Add(line);
                (waited, _more) = (_more, New());
            }

            waited.SetResult();
        }
    }
}
