namespace Kyberium.Engine.Sqlite.Tests.Engines;

/// <summary>Policies that reach a bound within a test. They extend the shipped default.</summary>
internal static class TestTemplates
{
    internal const string Hold = "hold";
    internal const string Refuse = "refuse";
    internal const string FewRecords = "few-records";
    internal const string SmallQueues = "small-queues";

    /// <summary>The outbox of <see cref="SmallQueues"/>, and an inbox as usual.</summary>
    internal const string SmallOutbox = "small-outbox";

    /// <summary>The soft limit of <see cref="FewRecords"/>.</summary>
    internal const int RecordsSoft = 1_024;

    /// <summary>The bounds of <see cref="SmallQueues"/>.</summary>
    internal const int OutboxCountMax = 20;

    internal const int InboxCountMax = 5;

    internal static void Use(EngineOptions options) => options.Templates.Directory = Folder;

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Engines", "templates");
}
