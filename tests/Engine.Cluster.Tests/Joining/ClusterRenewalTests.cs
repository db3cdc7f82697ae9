using Kyberium.Tests.Support;

namespace Kyberium.Engine.Cluster.Tests.Joining;

/// <summary>Goal: while a node runs its certificate is renewed at half its life and what is denied is asked for, whatever Lighthouses do. Method: a clock that the
/// test moves; a node that sleeps has two timers on it.</summary>
public sealed class ClusterRenewalTests : IAsyncLifetime
{
    private const int Asleep = 2;

    private readonly TestCluster _cluster = new();
    private readonly ManualTime _clock = new(TimeProvider.System.GetUtcNow());
    private StandInLighthouse _lighthouse = null!;
    private ClusterIdentity _identity = null!;

    public async Task InitializeAsync()
    {
        _lighthouse = await StandInLighthouse.StartAsync(_cluster, _clock);
        _identity = new ClusterIdentity(
            _cluster.Name, TestCluster.Certificate(_cluster.Root, _cluster.Name, "node-1", TimeSpan.FromHours(1), _clock.GetUtcNow()), [_cluster.Root.Certificate]);
    }

    public async Task DisposeAsync()
    {
        await _lighthouse.DisposeAsync();
        await _cluster.DisposeAsync();
    }

    // A certificate begins five minutes before it is issued: half of its 65 minutes, give or take a tenth, is 24.25 to 30.75 minutes later.
    [Fact]
    public async Task A_certificate_is_renewed_at_half_its_life_again_and_again()
    {
        await using var renewal = Start(TimeSpan.FromDays(1));
        for (var count = 1; count <= 3; count++)
        {
            var before = _identity.Certificate.SerialNumber;
            await AdvanceAsync(TimeSpan.FromMinutes(24));
            Assert.Equal(count - 1, _lighthouse.GrantCount);
            await AdvanceAsync(TimeSpan.FromMinutes(7));
            await TestCluster.UntilAsync(() => _identity.Certificate.SerialNumber != before);
            Assert.Equal(count, _lighthouse.GrantCount);
        }
    }

    [Fact]
    public async Task A_Lighthouse_that_does_not_answer_is_asked_after_waits_that_double_and_the_certificate_stays_meanwhile()
    {
        await using var renewal = Start(TimeSpan.FromDays(1));
        var before = _identity.Certificate.SerialNumber;
        _lighthouse.IsOut = true;
        await AdvanceAsync(TimeSpan.FromMinutes(31));
        await FailedAsync(1);
        await AdvanceAsync(TimeSpan.FromSeconds(1));        // 0.5 to 1 s
        await FailedAsync(2);
        await AdvanceAsync(TimeSpan.FromSeconds(0.9));      // 1 to 2 s
        await AdvanceAsync(TimeSpan.FromSeconds(0.05));
        Assert.Equal(2, _lighthouse.GrantCount);
        await AdvanceAsync(TimeSpan.FromSeconds(1.1));
        await FailedAsync(3);
        Assert.Equal(before, _identity.Certificate.SerialNumber);

        _lighthouse.IsOut = false;
        await AdvanceAsync(TimeSpan.FromSeconds(4));        // 2 to 4 s
        await _cluster.LoggedAsync(static line => line.StartsWith("1110", StringComparison.Ordinal));
        Assert.NotEqual(before, _identity.Certificate.SerialNumber);
        await AdvanceAsync(TimeSpan.FromMinutes(20));
        Assert.Equal(4, _lighthouse.GrantCount);            // as if nothing had failed
    }

    [Fact]
    public async Task A_Lighthouse_whose_clock_is_far_behind_is_not_asked_without_end()
    {
        await using var renewal = Start(TimeSpan.FromDays(1));
        _lighthouse.Behind = TimeSpan.FromMinutes(50);
        await AdvanceAsync(TimeSpan.FromMinutes(31));
        for (var count = 1; count <= 3; count++)
        {
            await TestCluster.UntilAsync(() => _lighthouse.GrantCount == count);
            await AdvanceAsync(TimeSpan.FromSeconds(29));
            Assert.Equal(count, _lighthouse.GrantCount);
            await AdvanceAsync(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task What_is_denied_is_asked_for_at_each_interval_and_a_failure_is_told_once()
    {
        await using var renewal = Start(TimeSpan.FromMinutes(1));
        _lighthouse.Denied = ["AB"];
        await AdvanceAsync(TimeSpan.FromMinutes(1));
        await TestCluster.UntilAsync(() => _identity.Current.Trust.Denied.Contains("AB"));
        _lighthouse.IsOut = true;
        for (var count = 2; count <= 3; count++)
        {
            await AdvanceAsync(TimeSpan.FromMinutes(1));
            await TestCluster.UntilAsync(() => _lighthouse.AskedCount == count);
        }

        await _clock.AsleepAsync(Asleep);
        Assert.Equal(["AB"], _identity.Current.Trust.Denied);
        (_lighthouse.IsOut, _lighthouse.Denied) = (false, []);
        await AdvanceAsync(TimeSpan.FromMinutes(1));
        await TestCluster.UntilAsync(() => _identity.Current.Trust.Denied.Count == 0);
        await _clock.AsleepAsync(Asleep);
        Assert.Equal([1116, 1117, 1116], _cluster.Log.Lines.Select(static line => int.Parse(line.Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task Disposal_ends_it_while_it_sleeps()
    {
        var renewal = Start(TimeSpan.FromDays(1));
        await _clock.AsleepAsync(Asleep);
        await renewal.DisposeAsync().AsTask().WaitAsync(TestCluster.Patience);
        await _clock.AsleepAsync(0);

        Assert.Equal((0, 0), (_lighthouse.GrantCount, _cluster.Log.Lines.Count));
    }

    private ClusterRenewal Start(TimeSpan refresh) => ClusterRenewal.Start(
        new ClusterJoinOptions
        {
            Lighthouses = [_lighthouse.Address], Cluster = _cluster.Name, Node = new NodeId("node-1"), TimeProvider = _clock, RefreshInterval = refresh,
            Timeout = TestCluster.Patience,
        },
        _identity, _cluster.Log);

    private async Task AdvanceAsync(TimeSpan by)
    {
        await _clock.AsleepAsync(Asleep);
        _clock.Leap(by);
    }

    private async Task FailedAsync(int count)
    {
        await TestCluster.UntilAsync(() => _cluster.Log.Lines.Count(static line => line.StartsWith("1111", StringComparison.Ordinal)) == count);
        Assert.Equal(count, _lighthouse.GrantCount);
    }
}
