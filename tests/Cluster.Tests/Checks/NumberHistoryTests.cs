namespace Kyberium.Cluster.Tests.Checks;

/// <summary>Goal: the checker of histories takes what some order explains, and nothing else.</summary>
public sealed class NumberHistoryTests
{
    private readonly NumberHistory _history = new();

    [Fact]
    public void Calls_at_the_same_time_may_get_their_numbers_in_any_order_and_streams_count_apart()
    {
        Add("a", 0, 10, 2);
        Add("a", 1, 11, 1);
        Add("a", 12, 13, 3);
        Add("a", 13, 20, 5);        // began when the one before ended
        Add("a", 14, 15, 4);
        Add("b", 100, 101, 1);
        Add("a", 200, 201, 0);      // acknowledged long before: the answer does not say
        Assert.Empty(_history.FindViolations());
    }

    [Fact]
    public void A_number_that_was_given_twice_is_found()
    {
        Add("a", 0, 10, 1);
        Add("a", 5, 15, 1);
        Assert.Equal(["a: number 1 was given 2 times"], _history.FindViolations());
    }

    [Theory]
    [InlineData(11, 12, 1)]
    [InlineData(11, 1_000, 2)]
    public void A_number_that_goes_back_is_found(long began, long ended, ulong number)
    {
        Add("a", 0, 10, 3);
        Add("a", 2, 1_000, 4);
        Add("a", began, ended, number);
        Assert.Equal([$"a: number {number} was given to a call that began after the one with 3 had ended"], _history.FindViolations());
    }

    [Fact]
    public void The_highest_of_all_that_ended_before_counts()
    {
        Add("a", 0, 1, 9);
        Add("a", 2, 3, 10);
        Add("a", 0, 4, 5);
        Add("a", 5, 6, 8);
        Assert.Equal(["a: number 8 was given to a call that began after the one with 10 had ended"], _history.FindViolations());
    }

    private void Add(string stream, long began, long ended, ulong number) => _history.Add(stream, began, ended, number);
}
