namespace Kyberium.Configuration.Hocon;

/// <summary>Truth values as HOCON converts them from strings. Source: HOCON.md, "Automatic type conversions".</summary>
public static class HoconBoolean
{
    /// <summary>What a truth value looks like, for messages.</summary>
    public const string Expected = "true, yes, on, false, no or off";

    /// <summary>Reads a truth value; case is ignored, because JSON sources write <c>True</c>.</summary>
    public static bool TryParse(string? text, out bool value)
    {
        value = text?.ToUpperInvariant() is "TRUE" or "YES" or "ON";
        return value || text?.ToUpperInvariant() is "FALSE" or "NO" or "OFF";
    }
}
