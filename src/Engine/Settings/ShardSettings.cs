namespace Kyberium.Engine.Settings;

/// <summary>How many shards there are and what each holds at most. Validated and immutable.</summary>
internal sealed record ShardSettings(int Count, int MailboxCountMax, long MailboxBytesMax, int BatchCountMax, long BatchBytesMax);
