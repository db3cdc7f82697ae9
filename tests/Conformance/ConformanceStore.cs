using Kyberium.Engine;

namespace Kyberium.Conformance;

/// <summary>A fresh, empty place for one test's data, in which an implementation opens journals. Disposal removes it.</summary>
public abstract class ConformanceStore : IAsyncDisposable
{
    /// <summary>Opens the store. Called again only after the journal before was disposed; must then show the same content.</summary>
    public abstract ValueTask<IJournal> OpenAsync();

    public abstract ValueTask DisposeAsync();
}
