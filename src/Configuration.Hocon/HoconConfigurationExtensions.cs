using Microsoft.Extensions.Configuration;

namespace Kyberium.Configuration.Hocon;

/// <summary>Adds HOCON to a configuration. Sources added later override: JSON, environment and command line layer over
/// it as usual.</summary>
public static class HoconConfigurationExtensions
{
    /// <summary>Adds a file and what it includes. Read once; changes of the file are not followed.</summary>
    /// <param name="builder">The configuration being built.</param>
    /// <param name="path">Path of the file; a relative one starts from the current directory of the process.</param>
    /// <param name="optional">Whether a missing file is no problem.</param>
    /// <param name="options">How to read; null for the defaults.</param>
    /// <remarks>Building throws <see cref="HoconException"/> with every problem of all files.</remarks>
    public static IConfigurationBuilder AddHoconFile(
        this IConfigurationBuilder builder, string path, bool optional = false, HoconReadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return builder.Add(new HoconConfigurationSource(
            () => optional && !File.Exists(path) ? null : HoconDocument.Load(path, options)));
    }

    /// <summary>Adds a text.</summary>
    /// <param name="builder">The configuration being built.</param>
    /// <param name="text">HOCON.</param>
    /// <param name="options">How to read; null for the defaults.</param>
    /// <remarks>Building throws <see cref="HoconException"/> with every problem.</remarks>
    public static IConfigurationBuilder AddHoconString(
        this IConfigurationBuilder builder, string text, HoconReadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(text);
        return builder.Add(new HoconConfigurationSource(() => HoconDocument.Parse(text, options)));
    }

    /// <summary>Adds a stream of UTF-8. It is read when the configuration is first built, once; the caller disposes it
    /// afterwards.</summary>
    /// <param name="builder">The configuration being built.</param>
    /// <param name="stream">HOCON in UTF-8.</param>
    /// <param name="options">How to read; null for the defaults.</param>
    /// <remarks>Building throws <see cref="HoconException"/> with every problem.</remarks>
    public static IConfigurationBuilder AddHoconStream(
        this IConfigurationBuilder builder, Stream stream, HoconReadOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(stream);
        HoconDocument? document = null;
        return builder.Add(new HoconConfigurationSource(() => document ??= HoconDocument.Read(stream, options)));
    }

    /// <summary>Adds sources whose keys may be written in kebab-case, such as a JSON file with
    /// <c>mailbox-count-max</c> or the command line with <c>--shard:mailbox-count-max</c>.</summary>
    /// <param name="builder">The configuration being built.</param>
    /// <param name="add">Adds the sources, as to <paramref name="builder"/> itself.</param>
    public static IConfigurationBuilder AddWithKebabCaseKeys(
        this IConfigurationBuilder builder, Action<IConfigurationBuilder> add)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(add);
        var inner = new ConfigurationBuilder();
        foreach (var (name, value) in builder.Properties)
        {
            inner.Properties[name] = value;
        }

        add(inner);
        foreach (var source in inner.Sources)
        {
            builder.Add(new KebabCaseConfigurationSource(source));
        }

        return builder;
    }

    /// <summary>Finds where the effective value of a key, or a section, was written in HOCON.</summary>
    /// <param name="configuration">A built configuration.</param>
    /// <param name="configurationKey">Key as configuration names it; case and hyphens do not matter.</param>
    /// <param name="origin">File, line and column.</param>
    /// <returns>False when no HOCON source sets the key, or another source overrides it.</returns>
    public static bool TryGetHoconOrigin(
        this IConfigurationRoot configuration, string configurationKey, out HoconOrigin origin)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(configurationKey);
        var key = KebabCaseKeys.Normalize(configurationKey);
        foreach (var provider in configuration.Providers.Reverse())
        {
            if (provider is IHoconOrigins origins && origins.TryGetOrigin(key, out origin))
            {
                return true;
            }

            if (provider.TryGet(key, out _))
            {
                break;
            }
        }

        origin = default;
        return false;
    }
}
