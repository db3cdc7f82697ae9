namespace Kyberium.Engine.Cryptography.Hybrid;

/// <summary>Keeps one platform object between uses, because importing a curve key costs as much as using it.</summary>
/// <remarks>
/// Platform keys do not promise thread safety, so each use takes the object out; who finds the slot empty imports
/// another, and on return one is kept. Thread-safe, never waits, holds at most one.
/// </remarks>
internal sealed class IdleSlot<T> : IDisposable
    where T : class, IDisposable
{
    private T? _idle;

    internal T? Take() => Interlocked.Exchange(ref _idle, null);

    internal void Return(T value)
    {
        if (Interlocked.CompareExchange(ref _idle, value, null) is not null)
        {
            value.Dispose();
        }
    }

    public void Dispose() => Take()?.Dispose();
}
