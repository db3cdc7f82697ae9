using Kyberium.Engine;

namespace Kyberium.Host;

/// <summary>Every failure that the command itself finds, with what to do next.</summary>
internal static class HostErrors
{
    internal static EngineException Usage(IEnumerable<string> problems, string command) =>
        new(EngineErrorCode.RequestInvalid, $"{string.Join("; ", problems)}; run '{command} --help'");

    internal static EngineException Invalid(string what) => new(EngineErrorCode.RequestInvalid, what);

    internal static EngineException Together(string one, string other) =>
        new(EngineErrorCode.RequestInvalid, $"{one} and {other} do not go together; give one of them");

    internal static EngineException NotAName(string kind, string text) =>
        new(EngineErrorCode.RequestInvalid, $"'{text}' is no name of {kind}: 1 to 128 of A-Z a-z 0-9 . _ : - only");

    internal static EngineException NoSuite(string text, IEnumerable<string> known) =>
        new(EngineErrorCode.RequestInvalid, $"there is no suite '{text}'; name one of {string.Join(", ", known)}");

    internal static EngineException FileUnreadable(string path, Exception cause) =>
        new(EngineErrorCode.RequestInvalid, $"'{path}' cannot be read ({cause.Message}); check the path and its mode", cause);

    internal static EngineException OtherFingerprint(string path, Fingerprint found) =>
        new(EngineErrorCode.PublicDocumentInvalid,
            $"the document in '{path}' has the fingerprint {found}, not the one given; ask its owner for the right one over another way");

    internal static EngineException NoSuchDeadLetter(string peer, ulong number) =>
        new(EngineErrorCode.MessageUnknown, $"no message {number} of '{peer}' is set aside; see 'kyberium dead-letters list'");

    internal static EngineException AmbiguousDeadLetter(ulong number) =>
        new(EngineErrorCode.RequestInvalid, $"messages {number} of several streams are set aside; say which with --stream");

    internal static EngineException LineTooLong(long line, int sizeMax) =>
        new(EngineErrorCode.PayloadTooLarge, $"line {line} is longer than {sizeMax:N0} bytes; the lines before it were sent");

    internal static EngineException NotAnEnvelope(string target) =>
        new(EngineErrorCode.RequestInvalid, $"'{target}' is no file, no directory and no hexadecimal envelope");

    internal static EngineException StoreUnsound(int findings) =>
        new(EngineErrorCode.JournalCorrupt, $"verifying found {findings} bad record{(findings == 1 ? "" : "s")} or row{(findings == 1 ? "" : "s")}; restore from a backup");

    internal static EngineException FileTooLarge(string path, long sizeMax) =>
        new(EngineErrorCode.RequestInvalid, $"'{path}' is larger than {sizeMax:N0} bytes; is it the right file?");

    internal static EngineException FileFailed(Exception cause) =>
        new(EngineErrorCode.RequestInvalid, $"a file could not be used ({cause.Message}); check its path, mode and disk", cause);

    internal static EngineException NoStore(string directory) =>
        new(EngineErrorCode.RequestInvalid,
            $"there is no store in '{directory}'; correct the data directory, or begin one with 'kyberium identity create'");

    internal static EngineException ClusterDatabase() =>
        new(EngineErrorCode.RequestInvalid,
            "a cluster's store is restored with the database's own tools; then run 'kyberium restore --accept' while no node runs");

    internal static EngineException DirectoryNotEmpty(string directory) =>
        new(EngineErrorCode.RequestInvalid,
            $"'{directory}' is not empty; restore into a new directory, so that no store is overwritten");

    internal static EngineException BackupUnusable(string backup, EngineException cause) =>
        new(EngineErrorCode.JournalCorrupt, $"'{backup}' is not a sound backup; nothing was restored: name another one", cause);

    internal static EngineException NothingToRestore() =>
        new(EngineErrorCode.RequestInvalid, "name the backup to restore, or give --accept to go on from the directory as it is");

    internal static EngineException NodeGone(Exception cause) =>
        new(EngineErrorCode.EngineStopping, $"the running node went away ({cause.Message}); repeat the command", cause);

    internal static EngineException NodeStopping() =>
        new(EngineErrorCode.EngineStopping, "the node is stopping; repeat the command when it runs again");

    internal static EngineException SocketUnusable(string path, Exception cause) =>
        new(EngineErrorCode.DataDirectoryReadOnly,
            $"the control socket '{path}' cannot be used ({cause.Message}); make its folder writable for this user, or set "
            + "kyberium.host.control-socket to another path",
            cause);

    internal static EngineException ReplyUnreadable(string what) =>
        new(EngineErrorCode.InternalError, $"the running node's reply is not understood ({what}); use the same version on both sides");

    internal static EngineException ReceiverBusy() =>
        new(EngineErrorCode.Overloaded, "another receiver takes this node's messages; end it, or try again later");

    internal static EngineException NotWhileRunning(string command) =>
        new(EngineErrorCode.DataDirectoryLocked, $"'{command}' works on a stopped node; stop the running one first");

    internal static EngineException Defect(Exception cause) =>
        new(EngineErrorCode.InternalError,
            $"this command failed in a way it does not know ({cause.GetType().Name}: {cause.Message}); report it with these words", cause);

    internal static EngineException ClusterStore() =>
        new(EngineErrorCode.RequestInvalid,
            "this node keeps its journal in the cluster's database; copy that with the database's own tools (pg_basebackup, pg_dump), and verify a copy of it");

    internal static EngineException ClusterNodeDown(string node) =>
        new(EngineErrorCode.RequestInvalid,
            $"node '{node}' of the cluster does not run on this data directory; start it with 'kyberium serve', or give the command to another node");
}
