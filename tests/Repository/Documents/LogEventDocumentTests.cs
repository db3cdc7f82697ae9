using System.Reflection;
using Microsoft.Extensions.Logging;

namespace Kyberium.Repository.Tests.Documents;

/// <summary>Goal: docs/operating/log-events.md lists every log message of the libraries, with its number, level and text.</summary>
public sealed class LogEventDocumentTests
{
    private static readonly IReadOnlyList<LoggerMessageAttribute> Messages =
    [
        .. Libraries.All.SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>()
            .OrderBy(message => message.EventId),
    ];

    [Fact]
    public void Every_message_is_listed_and_nothing_else_is()
    {
        var rows = MarkdownTable.Rows("docs/operating/log-events.md").Where(cells => int.TryParse(cells[0], out _));

        Assert.NotEmpty(Messages);
        Assert.Equal(
            Messages.Select(message => $"{message.EventId} {message.Level}: {message.Message}"),
            rows.Select(cells => $"{cells[0]} {cells[1]}: {cells[2]}"));
    }

    [Fact]
    public void No_number_is_used_twice() =>
        Assert.Equal(Messages.Count, Messages.Select(message => message.EventId).Distinct().Count());
}
