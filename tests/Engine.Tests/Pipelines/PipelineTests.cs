using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Kyberium.Engine.Settings;
using Kyberium.Engine.Pipelines;

namespace Kyberium.Engine.Tests.Pipelines;

/// <summary>The pipeline by itself, over a stage whose items wait when the test says so.</summary>
public sealed class PipelineTests
{
    private static CancellationToken Timely => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    [Fact]
    public async Task An_item_that_waits_keeps_its_place_and_those_after_it_go_on()
    {
        var stage = new Stage { Waits = item => item == 0 };
        var results = Run(stage, Settings(), Numbers(5)).GetAsyncEnumerator(Timely);
        var first = results.MoveNextAsync();
        Assert.False(first.IsCompleted);
        Assert.Equal([0, 1, 2, 3, 4], stage.Begun);

        stage.Release(0);

        Assert.True(await first);
        Assert.Equal(0, results.Current);
        Assert.Equal([10, 20, 30, 40], await RestAsync(results));
    }

    [Fact]
    public async Task No_more_items_are_taken_than_may_be_in_flight()
    {
        var stage = new Stage { Waits = _ => true };
        var source = new Counted(100);
        var results = Run(stage, Settings() with { InFlightMax = 8, BatchCountMax = 3 }, source.Items()).GetAsyncEnumerator(Timely);
        var first = results.MoveNextAsync();

        Assert.Equal(8, source.Given);
        stage.Release(0);
        Assert.True(await first);
        var second = results.MoveNextAsync();
        Assert.Equal(9, source.Given);

        stage.Waits = _ => false;
        for (var item = 1; item < 9; item++)
        {
            stage.Release(item);
        }

        Assert.True(await second);
        Assert.Equal(Enumerable.Range(2, 98).Select(item => item * 10), await RestAsync(results));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(47)]
    [InlineData(256)]
    public async Task Every_item_is_looked_at_in_all_steps_before_it_is_done_and_blocks_go_ahead_of_each_other(int count)
    {
        var stage = new Stage();

        var results = await RestAsync(Run(stage, Settings() with { BatchCountMax = 256, InFlightMax = 256 }, Numbers(count)).GetAsyncEnumerator(Timely));

        Assert.Equal(Enumerable.Range(0, count).Select(item => item * 10), results);    // the stage itself checks each step of each item
        Assert.Equal(Math.Min(5, count / 8), stage.BlocksUnderWayMost);
    }

    [Theory]
    [InlineData(4, 1_000, new[] { 4, 4, 2 })]
    [InlineData(100, 25, new[] { 3, 3, 3, 1 })]
    public async Task A_batch_is_full_by_count_or_by_bytes(int countMax, long bytesMax, int[] expected)
    {
        var stage = new Stage { Size = 10 };
        var seen = new List<int>();
        var source = new Counted(10) { BeforeEach = item => seen.Add(stage.Begun.Count) };
        await RestAsync(Run(stage, Settings() with { BatchCountMax = countMax, BatchBytesMax = bytesMax }, source.Items()).GetAsyncEnumerator(Timely));

        // How many were done when each item was pulled tells where the batches ended.
        Assert.Equal(expected, seen.GroupBy(done => done).Select(batch => batch.Count()));
    }

    [Fact]
    public async Task A_batch_that_is_not_full_goes_when_it_is_old_enough()
    {
        var time = new ManualTime();
        var stage = new Stage();
        var channel = Channel.CreateUnbounded<int>();
        channel.Writer.TryWrite(1);
        var results = Run(stage, Settings() with { BatchAgeMax = TimeSpan.FromMilliseconds(20) }, channel.Reader, time).GetAsyncEnumerator(Timely);
        var first = results.MoveNextAsync();
        Assert.Empty(stage.Begun);

        channel.Writer.TryWrite(2);
        time.Advance(TimeSpan.FromMilliseconds(20));

        Assert.True(await first);
        Assert.Contains(1, stage.Begun);
        channel.Writer.Complete();
        Assert.Equal([20], await RestAsync(results));
    }

    [Fact]
    public async Task A_source_that_fails_gives_the_results_of_what_came_before_first()
    {
        var stage = new Stage { Waits = item => item == 1 };
        var results = Run(stage, Settings(), Failing(3)).GetAsyncEnumerator(Timely);
        Assert.True(await results.MoveNextAsync());
        var second = results.MoveNextAsync();
        stage.Release(1);
        Assert.True(await second);
        Assert.True(await results.MoveNextAsync());
        Assert.Equal(20, results.Current);

        await Assert.ThrowsAsync<InvalidDataException>(async () => await results.MoveNextAsync());
    }

    [Fact]
    public async Task Leaving_early_ends_what_is_under_way_and_disposes_of_the_source()
    {
        var stage = new Stage { Waits = item => item > 0 };
        var source = new Counted(100);
        await foreach (var result in Run(stage, Settings() with { InFlightMax = 4, BatchCountMax = 4 }, source.Items()))
        {
            Assert.Equal(0, result);
            break;
        }

        Assert.True(source.WasDisposed);
        Assert.Equal(3, stage.Cancelled);
    }

    [Fact]
    public async Task Cancelling_ends_the_wait_for_a_silent_source()
    {
        using var cancel = new CancellationTokenSource();
        var channel = Channel.CreateUnbounded<int>();
        var results = Run(new Stage(), Settings(), channel.Reader, TimeProvider.System, cancel.Token).GetAsyncEnumerator(CancellationToken.None);
        var first = results.MoveNextAsync();

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await first);
    }

    private static PipelineSettings Settings() => new(64, 16, 1 << 20, TimeSpan.Zero);

    private static IAsyncEnumerable<int> Run(Stage stage, PipelineSettings settings, IAsyncEnumerable<int> items) =>
        new Pipeline<int, int>(settings, new ThreadPoolScheduler(TimeProvider.System), stage)
            .RunAsync(token => new EnumerableSource<int>(items.GetAsyncEnumerator(token)), default);

    private static IAsyncEnumerable<int> Run(
        Stage stage, PipelineSettings settings, ChannelReader<int> items, TimeProvider time, CancellationToken cancellationToken = default) =>
        new Pipeline<int, int>(settings, new ThreadPoolScheduler(time), stage)
            .RunAsync(token => new ChannelSource<int>(items, token), cancellationToken);

    private static IAsyncEnumerable<int> Numbers(int count) => new Counted(count).Items();

    private static async IAsyncEnumerable<int> Failing(int count)
    {
        for (var item = 0; item < count; item++)
        {
            yield return item;
        }

        await Task.Yield();
        throw new InvalidDataException("the source broke");
    }

    private static async Task<List<int>> RestAsync(IAsyncEnumerator<int> results)
    {
        var rest = new List<int>();
        while (await results.MoveNextAsync())
        {
            rest.Add(results.Current);
        }

        return rest;
    }

    private sealed class Counted(int count)
    {
        internal int Given { get; private set; }

        internal bool WasDisposed { get; private set; }

        internal Action<int> BeforeEach { get; init; } = _ => { };

        internal async IAsyncEnumerable<int> Items([EnumeratorCancellation] CancellationToken cancellationToken = default)
        {
            await Task.CompletedTask;
            try
            {
                for (var item = 0; item < count; item++)
                {
                    BeforeEach(item);
                    Given++;
                    yield return item;
                }
            }
            finally
            {
                WasDisposed = true;
            }
        }
    }

    /// <summary>Multiplies by ten, or waits until released.</summary>
    private sealed class Stage : PipelineStage<int, int>
    {
        private readonly Dictionary<int, TaskCompletionSource> _waiting = [];
        private readonly (int Item, int Steps)[] _looked = new (int, int)[PlaceCount];
        private int _cancelled;

        internal Func<int, bool> Waits { get; set; } = _ => false;

        internal int Size { get; init; } = 1;

        internal List<int> Begun { get; } = [];

        internal int Cancelled => _cancelled;

        internal void Release(int item) => _waiting[item].SetResult();

        internal override int SizeOf(in int item) => Size;

        internal int BlocksUnderWayMost { get; private set; }

        internal override void Look(int step, ReadOnlySpan<int> block, int place)
        {
            Assert.InRange(block.Length, 1, BlockMax);
            for (var at = 0; at < block.Length; at++)
            {
                ref var looked = ref _looked[place + at];
                Assert.Equal(step == 0 ? default : (block[at], step), step == 0 ? default : looked);
                looked = (block[at], step + 1);
            }

            BlocksUnderWayMost = Math.Max(BlocksUnderWayMost, _looked.Count(looked => looked.Steps is > 0 and < StepMax) / BlockMax);
        }

        internal override void LookAway() => Array.Clear(_looked);

        internal override bool TryProcess(in int item, int place, out int result)
        {
            Assert.Equal((item, StepMax), _looked[place]);
            Begun.Add(item);
            result = item * 10;
            return !Waits(item);
        }

        internal override async Task<int> ProcessAsync(int item, CancellationToken cancellationToken)
        {
            var waiting = _waiting[item] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            try
            {
                await waiting.Task.WaitAsync(cancellationToken);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref _cancelled);       // a cancellation resumes its waiters on several threads
                throw;
            }

            return item * 10;
        }
    }
}
