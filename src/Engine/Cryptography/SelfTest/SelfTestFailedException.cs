namespace Kyberium.Engine.Cryptography.SelfTest;

/// <summary>An algorithm does not give its known answer here: nothing may be encrypted. The engine refuses to start.</summary>
internal sealed class SelfTestFailedException(string algorithm, Exception? cause = null) : Exception(
    $"The self-test of {algorithm} failed: this processor, runtime or installation does not compute it correctly; "
    + "reinstall, or move to another machine.",
    cause)
{
    /// <summary>Gets the algorithm's name, e.g. <c>ML-KEM-768</c>.</summary>
    internal string Algorithm { get; } = algorithm;
}
