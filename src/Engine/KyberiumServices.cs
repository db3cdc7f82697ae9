using Kyberium.Engine;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds a Kyberium engine to a host.</summary>
public static class KyberiumServices
{
    /// <summary>Adds an engine that the host starts before its hosted services and stops after them. Once it has started,
    /// <see cref="SessionEngine"/> can be injected; hosted services, which are made before that, take a <see cref="HostedEngine"/>.</summary>
    /// <param name="services">The host's services. Its logging and, where one is registered, its <see cref="TimeProvider"/> are used.</param>
    /// <param name="configure">Sets options, after those bound to <see cref="EngineOptions"/> before.</param>
    /// <returns>What names the journal, the links and other parts: at least <c>UseSqlite()</c> or a journal of one's own.</returns>
    /// <exception cref="InvalidOperationException">The host has an engine already: a process embeds one per host.</exception>
    public static KyberiumBuilder AddKyberium(this IServiceCollection services, Action<EngineOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        if (services.Any(service => service.ServiceType == typeof(HostedEngine)))
        {
            throw new InvalidOperationException("AddKyberium was called twice; configure the one engine in one place.");
        }

        services.AddOptions<EngineOptions>();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        services.AddSingleton(new HostedEngine());
        services.TryAddSingleton(provider => provider.GetRequiredService<HostedEngine>().Engine);
        services.AddSingleton<IHostedService, EngineLifetime>();
        return new KyberiumBuilder(services);
    }
}
