using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Links;
using Kyberium.Engine.Settings;
using Kyberium.Engine.Tests.Engine;

namespace Kyberium.Engine.Tests.Links;

public sealed class HandshakeGateTests
{
    private readonly ManualTime _time = new();
    private readonly List<(int Open, int OpenMax)> _announced = [];

    [Fact]
    public void A_source_has_its_places_and_gets_one_back_for_each_handshake_that_completes()
    {
        using var gate = Gate(perSource: 2, max: 100);
        Assert.True(gate.Admit("a", hasCookie: false));
        Assert.True(gate.Admit("a", hasCookie: false));
        Assert.False(gate.Admit("a", hasCookie: false));
        Assert.True(gate.Admit("b", hasCookie: false));

        gate.Complete("a");

        Assert.True(gate.Admit("a", hasCookie: false));
        Assert.False(gate.Admit("a", hasCookie: false));
    }

    [Fact]
    public void A_completion_of_the_window_before_gives_no_place_that_was_not_taken()
    {
        using var gate = Gate(perSource: 1, max: 4);
        Assert.True(gate.Admit("a", hasCookie: true));
        _time.Advance(TimeSpan.FromSeconds(11));
        gate.Complete("a");
        gate.Complete("b");

        foreach (var source in new[] { "c", "d", "e", "f" })
        {
            Assert.True(gate.Admit(source, hasCookie: true));
        }

        Assert.False(gate.Admit("g", hasCookie: true));
    }

    [Fact]
    public void Above_half_of_all_places_cookies_are_demanded_which_is_announced_once_in_a_window()
    {
        using var gate = Gate(perSource: 4, max: 4);
        Assert.True(gate.Admit("a", hasCookie: false));
        Assert.False(gate.DemandsCookies());
        Assert.True(gate.Admit("a", hasCookie: false));

        Assert.True(gate.DemandsCookies());
        Assert.True(gate.DemandsCookies());
        Assert.Equal([(2, 4)], _announced);
        Assert.False(gate.Admit("b", hasCookie: false));
        Assert.True(gate.Admit("b", hasCookie: true));

        gate.Complete("a");
        gate.Complete("a");
        Assert.False(gate.DemandsCookies());
        _time.Advance(TimeSpan.FromSeconds(11));
        Assert.True(gate.Admit("a", hasCookie: false));
        Assert.True(gate.Admit("a", hasCookie: false));
        Assert.True(gate.DemandsCookies());
        Assert.Equal(2, _announced.Count);
    }

    private HandshakeGate Gate(int perSource, int max)
    {
        var options = new EngineOptions();
        options.Handshake.HalfOpenMax = max;
        options.Handshake.HalfOpenPerSourceMax = perSource;
        return new HandshakeGate(
            new ThreadPoolScheduler(_time), options.ToSettings().Handshake, SystemEntropy.Instance,
            (open, openMax) => _announced.Add((open, openMax)));
    }
}
