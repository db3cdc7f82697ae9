using Kyberium.Engine.Shards;
using Kyberium.Engine.Tests.Engine;

namespace Kyberium.Engine.Tests.Shards;

/// <summary>How many messages a reader takes, by how long its takes last and what they bring keeps it busy.</summary>
public sealed class TakeShareTests
{
    private readonly ManualTime _time = new();
    private readonly TakeShare _share;

    public TakeShareTests() => _share = new TakeShare(new ThreadPoolScheduler(_time));

    [Fact]
    public void A_reader_that_waits_for_its_takes_takes_more_up_to_a_bound()
    {
        Assert.Equal([64, 128, 256, 512, 1_024, 1_024], Enumerable.Range(0, 6).Select(_ => Take(waits: 0, takes: 10, busy: 1)));
    }

    [Fact]
    public void A_reader_that_is_busy_leaves_what_it_cannot_take_on_to_others()
    {
        Assert.Equal([64, 128, 256], Enumerable.Range(0, 3).Select(_ => Take(waits: 0, takes: 10, busy: 1)));
        Assert.Equal([512, 256, 128, 64, 64], Enumerable.Range(0, 5).Select(_ => Take(waits: 0, takes: 10, busy: 100)));
    }

    [Fact]
    public void Waiting_for_messages_to_come_is_not_waiting_for_a_take()
    {
        Assert.Equal([64, 64, 64], Enumerable.Range(0, 3).Select(_ => Take(waits: 10_000, takes: 5, busy: 6)));
    }

    /// <summary>Takes once.</summary>
    /// <returns>How many it would take.</returns>
    private int Take(int waits, int takes, int busy)
    {
        _share.Ask();
        Pass(waits);
        _share.Begin();
        Pass(takes);
        _share.End();
        var count = _share.Count;
        Pass(busy);
        return count;
    }

    private void Pass(int millis) => _time.Advance(TimeSpan.FromMilliseconds(millis));
}
