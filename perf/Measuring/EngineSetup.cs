using Kyberium.Engine;

namespace Kyberium.Measuring;

/// <summary>Options of measured engines: the defaults, but for what keeps strangers from making sessions too fast.</summary>
internal static class EngineSetup
{
    internal static EngineOptions Options(string templates, AeadProviderChoice aead, Action<EngineOptions>? configure = null)
    {
        var options = new EngineOptions();
        options.Cryptography.AeadProvider = aead;
        options.Templates.Directory = templates;
        options.Templates.DefaultId = Template.Id;
        options.Handshake.Timeout = TimeSpan.FromMinutes(5);      // a machine that others keep busy is slow, and no failure
        options.Handshake.AttemptsPerSecond = 100_000;
        options.Handshake.HalfOpenMax = 65_536;
        options.Handshake.HalfOpenPerSourceMax = 32_768;
        configure?.Invoke(options);
        return options;
    }
}
