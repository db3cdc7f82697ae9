using System.Reflection;
using Microsoft.Extensions.Logging;

namespace Kyberium.Lighthouse.Tests;

/// <summary>Goal: docs/operating/process-log-events.md lists every log message of the program, with its number, level and text.</summary>
public sealed class LogEventDocumentTests
{
    [Fact]
    public void Every_message_of_the_program_is_listed_and_nothing_else_is()
    {
        var messages = typeof(LighthouseLog).Assembly.GetTypes()
            .SelectMany(static type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Select(static method => method.GetCustomAttribute<LoggerMessageAttribute>()).OfType<LoggerMessageAttribute>()
            .OrderBy(static message => message.EventId).Select(static message => $"{message.EventId} | {message.Level} | {message.Message}").ToList();
        var rows = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "docs", "operating", "process-log-events.md"))
            .Where(static line => line.StartsWith("| 61", StringComparison.Ordinal)).Select(static line => string.Join(" | ", line.Trim('|', ' ').Split(" | ")[..3]));

        Assert.NotEmpty(messages);
        Assert.Equal(messages, rows);
    }
}
