using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Kyberium.Host.Running;

/// <summary>A log message as an operator may look at it.</summary>
internal sealed record LoggedLine(DateTimeOffset At, LogLevel Level, int Event, string Category, string Text);

/// <summary>Keeps the last log messages of this process, and hands new ones to whoever follows them. A reader that falls behind loses the
/// oldest of what it has not read and is told how many: the node never waits for it.</summary>
internal sealed class LogTail : ILoggerProvider
{
    internal const int KeptCountMax = 256;
    private const int WaitingCountMax = 1_024;

    private readonly Lock _gate = new();
    private readonly Queue<LoggedLine> _kept = new();
    private readonly List<Follower> _followers = [];

    public ILogger CreateLogger(string categoryName) => new TailLogger(this, categoryName);

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var follower in _followers)
            {
                follower.Lines.Writer.TryComplete();
            }
        }
    }

    /// <summary>Gives the last messages, then new ones as they come.</summary>
    /// <param name="lastCount">How many of those that came before.</param>
    /// <param name="follows">Whether to go on with new ones.</param>
    internal async IAsyncEnumerable<LoggedLine> ReadAsync(
        int lastCount, bool follows, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var follower = new Follower();
        LoggedLine[] last;
        lock (_gate)
        {
            last = [.. _kept.TakeLast(lastCount)];
            if (follows)
            {
                _followers.Add(follower);
            }
        }

        try
        {
            foreach (var line in last)
            {
                yield return line;
            }

            while (follows && await follower.Lines.Reader.WaitToReadAsync(cancellationToken))
            {
                while (follower.Lines.Reader.TryRead(out var line))
                {
                    if (Interlocked.Exchange(ref follower.Lost, 0) is > 0 and var lost)
                    {
                        yield return line with { Level = LogLevel.Warning, Event = 0, Category = nameof(LogTail), Text = $"{lost} lines were left out: they came faster than they were read" };
                    }

                    yield return line;
                }
            }
        }
        finally
        {
            lock (_gate)
            {
                _followers.Remove(follower);
            }
        }
    }

    private void Add(LoggedLine line)
    {
        lock (_gate)
        {
            if (_kept.Count == KeptCountMax)
            {
                _kept.Dequeue();
            }

            _kept.Enqueue(line);
            foreach (var follower in _followers)
            {
                follower.Lines.Writer.TryWrite(line);
            }
        }
    }

    private sealed class Follower
    {
        internal long Lost;

        internal Follower() => Lines = Channel.CreateBounded<LoggedLine>(
            new BoundedChannelOptions(WaitingCountMax) { FullMode = BoundedChannelFullMode.DropOldest, SingleReader = true },
            _ => Interlocked.Increment(ref Lost));

        internal Channel<LoggedLine> Lines { get; }
    }

    private sealed class TailLogger(LogTail tail, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            var text = formatter(state, exception);
            tail.Add(new LoggedLine(
                TimeProvider.System.GetUtcNow(), logLevel, eventId.Id, category, exception is null ? text : $"{text}: {exception.GetType().Name}: {exception.Message}"));
        }
    }
}
