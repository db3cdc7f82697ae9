namespace Kyberium.Pbm;

/// <summary>A failure in one line, with what to do next and how the program ends.</summary>
internal sealed class PbmFailure(int exitCode, string message, Exception? cause = null) : Exception(message, cause)
{
    internal int ExitCode => exitCode;
}
