namespace Kyberium.Pbm.Hosting.Serving;

/// <summary>A call in progress, and why it is to end early.</summary>
internal sealed class OpenCall(long id, PbmCommand command, TimeSpan? timeout, CancellationToken closing) : IDisposable
{
    private readonly CancellationTokenSource _ending = CancellationTokenSource.CreateLinkedTokenSource(closing);
    private int _reason;

    internal long Id => id;

    internal PbmCommand Command => command;

    internal CancellationToken Ending => _ending.Token;

    /// <summary>Gets why it was ended; nothing was said: its time is over, or the connection.</summary>
    internal CallEnd Reason => (CallEnd)Volatile.Read(ref _reason);

    internal void Begin()
    {
        if (timeout is { } limit)
        {
            _ending.CancelAfter(limit);
        }
    }

    /// <summary>Ends it, for the first reason that is given.</summary>
    internal void End(CallEnd reason)
    {
        Interlocked.CompareExchange(ref _reason, (int)reason, (int)CallEnd.TimedOut);
        _ending.Cancel();
    }

    public void Dispose() => _ending.Dispose();
}

/// <summary>Why a call ends before its command does.</summary>
internal enum CallEnd
{
    /// <summary>Its time is over; or the connection is, and nobody asks.</summary>
    TimedOut = 0,

    /// <summary>The caller said so.</summary>
    Cancelled = 1,

    /// <summary>The process stops.</summary>
    Stopping = 2,
}
