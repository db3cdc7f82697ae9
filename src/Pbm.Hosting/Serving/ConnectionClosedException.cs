namespace Kyberium.Pbm.Hosting.Serving;

/// <summary>The caller is gone, or was too slow: nothing can be told to it any more.</summary>
internal sealed class ConnectionClosedException(Exception? cause) : Exception("The connection is closed.", cause);
