namespace Kyberium.Configuration.Hocon;

/// <summary>Knows where configuration keys were written. Implemented by the HOCON configuration provider.</summary>
public interface IHoconOrigins
{
    /// <summary>Finds where a key or section was written.</summary>
    /// <param name="configurationKey">Key as configuration names it, e.g. <c>Engine:Shard:MailboxCountMax</c>. Case and
    /// hyphens do not matter.</param>
    /// <param name="origin">File, line and column of the assignment that decided the value.</param>
    /// <returns>False when these files do not set the key.</returns>
    bool TryGetOrigin(string configurationKey, out HoconOrigin origin);
}
