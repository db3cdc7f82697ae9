using Kyberium.Engine;

namespace Kyberium.Repository.Tests.Documents;

/// <summary>Goal: docs/operating/error-codes.md and the enumeration say the same, in both directions.</summary>
public sealed class ErrorCodeDocumentTests
{
    private static readonly IReadOnlyList<string[]> Rows =
        [.. MarkdownTable.Rows("docs/operating/error-codes.md").Where(cells => cells[0].StartsWith("KY", StringComparison.Ordinal))];

    [Fact]
    public void Every_code_is_explained_once_and_nothing_else_is()
    {
        var inCode = Enum.GetValues<EngineErrorCode>().Select(code => $"KY{(int)code} {code}");

        Assert.Equal(inCode, Rows.Select(cells => $"{cells[0]} {cells[1]}"));
    }

    [Fact]
    public void Every_explanation_says_what_it_means_and_what_to_do() => Assert.All(Rows, cells =>
    {
        Assert.Equal(4, cells.Length);
        Assert.True(cells[2].Length >= 15, cells[0]);
        Assert.True(cells[3].Length >= 15, cells[0]);
    });

    [Fact]
    public void No_number_is_used_twice() =>
        Assert.Equal(Enum.GetNames<EngineErrorCode>().Length, Enum.GetValues<EngineErrorCode>().Distinct().Count());

    [Fact]
    public void The_message_of_an_exception_begins_with_the_code()
    {
        var exception = new EngineException(EngineErrorCode.OutboxFull, "wait");

        Assert.Equal("KY3003: wait", exception.Message);
        Assert.True(exception.IsTransient);
    }
}
