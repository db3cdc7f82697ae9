namespace Kyberium.Pbm.Hosting.Protocol;

/// <summary>The other side broke the protocol, or the protocol refuses what it wants. The text may be sent to it.</summary>
internal sealed class PbmProtocolException(PbmErrorCode code, string message, Exception? cause = null) : Exception(message, cause)
{
    internal PbmErrorCode Code => code;
}
