using Microsoft.Extensions.Logging;

namespace Kyberium.Pbm.Hosting;

/// <summary>Log messages of the server: events 7000 to 7099. No token, and no item of an answer.</summary>
internal static partial class PbmLog
{
    [LoggerMessage(7000, LogLevel.Information, "Operators reach this process with pbm at {Address}: {Security}")]
    internal static partial void Listening(ILogger logger, string address, string security);

    [LoggerMessage(7001, LogLevel.Debug, "{Actor} connected from {Remote} with {Program}")]
    internal static partial void Connected(ILogger logger, string actor, string remote, string program);

    [LoggerMessage(7002, LogLevel.Warning, "A caller from {Remote} was refused: {Reason}")]
    internal static partial void Refused(ILogger logger, string remote, string reason);

    [LoggerMessage(7003, LogLevel.Information, "{Actor} from {Remote} runs '{Command}' with {Switches}")]
    internal static partial void ChangeBegins(ILogger logger, string actor, string remote, string command, string switches);

    [LoggerMessage(7004, LogLevel.Information, "{Actor} from {Remote} ran '{Command}': {Outcome}")]
    internal static partial void ChangeEnded(ILogger logger, string actor, string remote, string command, string outcome);

    [LoggerMessage(7005, LogLevel.Error, "'{Command}' failed in a way that its palette does not know")]
    internal static partial void CommandFailed(ILogger logger, string command, Exception failure);

    [LoggerMessage(7006, LogLevel.Warning, "The connection of {Actor} from {Remote} was closed: it left an answer unread for {Seconds} s")]
    internal static partial void ReaderTooSlow(ILogger logger, string actor, string remote, double seconds);

    [LoggerMessage(7007, LogLevel.Error, "Taking a connection failed; the next one is waited for")]
    internal static partial void AcceptFailed(ILogger logger, Exception failure);

    [LoggerMessage(7008, LogLevel.Error, "A connection from {Remote} ended in a way nobody foresaw")]
    internal static partial void ConnectionFailed(ILogger logger, string remote, Exception failure);
}
