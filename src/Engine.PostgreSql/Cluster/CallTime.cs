namespace Kyberium.Engine.PostgreSql.Cluster;

/// <summary>How long one call may take: ends with its time, by the clock given, or when the caller stops.</summary>
internal sealed class CallTime : IDisposable
{
    private readonly CancellationTokenSource _time;
    private readonly CancellationTokenSource _either;

    internal CallTime(TimeSpan span, TimeProvider time, CancellationToken stopping)
    {
        _time = new CancellationTokenSource(span, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(_time.Token, stopping);
    }

    internal CancellationToken Token => _either.Token;

    public void Dispose()
    {
        _either.Dispose();
        _time.Dispose();
    }
}
