namespace Kyberium.Fuzzing;

/// <summary>An input made a decoder do what no input may.</summary>
internal sealed class BrokenLawException(string message) : Exception(message);
