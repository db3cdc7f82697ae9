using Kyberium.Engine.Links;
using Kyberium.Engine.Settings;
using Kyberium.Engine.Tests.Engine;

namespace Kyberium.Engine.Tests.Links;

/// <summary>Goal: a peer's call to another node is one thing here however often it is spoken of, and is forgotten when it is not.</summary>
public sealed class PassedOnExchangesTests
{
    private readonly ManualTime _time = new();
    private readonly PassedOnExchanges _exchanges;
    private readonly ReturnQueues _queues;
    private readonly (NodeId Node, Guid Id) _call = (new NodeId("a"), Guid.NewGuid());

    public PassedOnExchangesTests()
    {
        var scheduler = new ThreadPoolScheduler(_time);
        _exchanges = new PassedOnExchanges(scheduler, countMax: 3);
        _queues = new ReturnQueues(scheduler, new EngineOptions().ToSettings().Links);
    }

    [Fact]
    public void The_same_call_of_the_same_node_is_one_and_another_node_s_is_another()
    {
        var made = _exchanges.Of(_call.Node, _call.Id, Make);
        Assert.Same(made, _exchanges.Of(_call.Node, _call.Id, Make));
        Assert.Same(made, _exchanges.TryFind(_call.Node, _call.Id));
        Assert.NotSame(made, _exchanges.Of(new NodeId("b"), _call.Id, Make));
        Assert.Null(_exchanges.TryFind(new NodeId("c"), _call.Id));
    }

    [Fact]
    public void Beyond_the_bound_the_one_heard_of_longest_ago_goes()
    {
        var made = _exchanges.Of(_call.Node, _call.Id, Make);
        var second = Guid.NewGuid();
        _exchanges.Of(_call.Node, second, Make);
        _exchanges.Of(_call.Node, Guid.NewGuid(), Make);
        Assert.NotNull(_exchanges.TryFind(_call.Node, _call.Id));
        _exchanges.Of(_call.Node, Guid.NewGuid(), Make);

        Assert.Null(_exchanges.TryFind(_call.Node, second));
        Assert.True(_exchanges.TryFind(_call.Node, _call.Id) == made && !made.IsEnded);
    }

    [Fact]
    public void One_that_was_not_heard_of_for_a_minute_goes_when_another_comes()
    {
        var made = _exchanges.Of(_call.Node, _call.Id, Make);
        _time.Advance(TimeSpan.FromMilliseconds(PassedOnExchanges.QuietMillisMax + 1));
        _exchanges.Of(_call.Node, Guid.NewGuid(), Make);
        Assert.Null(_exchanges.TryFind(_call.Node, _call.Id));
        Assert.True(made.IsEnded);
    }

    private LinkExchange Make() => new(_queues, "source", static (_, _, _) => default);
}
