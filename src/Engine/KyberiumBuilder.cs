using Microsoft.Extensions.DependencyInjection;

namespace Kyberium.Engine;

/// <summary>Says what the engine of a host is built from. <c>AddKyberium</c> makes it.</summary>
public sealed class KyberiumBuilder
{
    internal KyberiumBuilder(IServiceCollection services) => Services = services;

    /// <summary>Gets the host's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Changes the engine's parts before it starts; called in the order of registration.</summary>
    /// <remarks>The engine disposes of the links and the audit sink it was given: do not register those with the container as well.</remarks>
    public KyberiumBuilder ConfigureParts(Action<IServiceProvider, EngineParts> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        Services.AddSingleton(new PartsConfiguration(configure));
        return this;
    }

    /// <summary>Adds a link that carries envelopes; its constructor is given the host's services.</summary>
    public KyberiumBuilder AddPeerLink<TLink>()
        where TLink : class, IPeerLink =>
        ConfigureParts((services, parts) => parts.PeerLinks.Add(ActivatorUtilities.CreateInstance<TLink>(services)));

    /// <summary>Joins the engine to others of this process under <c>memory://<paramref name="name"/></c>.</summary>
    public KyberiumBuilder UseInMemoryNetwork(InMemoryNetwork network, string name)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentException.ThrowIfNullOrEmpty(name);
        return ConfigureParts((_, parts) => parts.PeerLinks.Add(network.Connect(name)));
    }

    /// <summary>Gives the engine a keyring in place of the file that the options name.</summary>
    public KyberiumBuilder UseKeyring(Func<IServiceProvider, CancellationToken, Task<IKeyring>> open)
    {
        ArgumentNullException.ThrowIfNull(open);
        return ConfigureParts((services, parts) => parts.OpenKeyring = (_, cancellationToken) => open(services, cancellationToken));
    }
}

/// <summary>One change to the parts.</summary>
internal sealed record PartsConfiguration(Action<IServiceProvider, EngineParts> Apply);
