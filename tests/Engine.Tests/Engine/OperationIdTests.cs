using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Shards;

namespace Kyberium.Engine.Tests.Engine;

public sealed class OperationIdTests
{
    [Fact]
    public async Task No_id_is_given_twice_to_whoever_asks_at_once()
    {
        var ids = new OperationIds(SystemEntropy.Instance);
        var drawn = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Factory.StartNew(
            () => Enumerable.Range(0, 1_000).Select(_ => ids.Next()).ToArray(), TaskCreationOptions.LongRunning)));
        Assert.Equal(8_000, drawn.SelectMany(some => some).Where(id => id != Guid.Empty).Distinct().Count());
    }
}
