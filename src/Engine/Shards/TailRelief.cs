namespace Kyberium.Engine.Shards;

/// <summary>Lets the shards of a store shorten its tail one after the other. Under load all have their part in it, and all at once their rows would keep the store
/// from everybody's commits for as long as a second.</summary>
internal sealed class TailRelief
{
    private int _isTaken;

    internal bool TryEnter() => Interlocked.CompareExchange(ref _isTaken, 1, 0) == 0;

    internal void Exit() => Volatile.Write(ref _isTaken, 0);
}
