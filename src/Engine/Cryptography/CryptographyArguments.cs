namespace Kyberium.Engine.Cryptography;

/// <summary>Checks for lengths that only a caller's bug can get wrong.</summary>
internal static class CryptographyArguments
{
    /// <exception cref="ArgumentException"><paramref name="value"/> is not <paramref name="size"/> bytes long.</exception>
    internal static void ExactLength(ReadOnlySpan<byte> value, int size, string name)
    {
        if (value.Length != size)
        {
            throw new ArgumentException($"{name} must be {size} bytes long, not {value.Length}.", name);
        }
    }
}
