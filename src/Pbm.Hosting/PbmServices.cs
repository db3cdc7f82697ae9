using Kyberium.Pbm.Hosting;
using Microsoft.Extensions.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Lets a host be operated with <c>pbm</c>.</summary>
public static class PbmServices
{
    /// <summary>Adds a server that starts and stops with the host.</summary>
    /// <param name="services">The host's services. Its logging is used.</param>
    /// <param name="configure">Sets options, after those bound to <see cref="PbmOptions"/> before.</param>
    /// <returns>What takes palettes.</returns>
    public static PbmBuilder AddPbm(this IServiceCollection services, Action<PbmOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<PbmOptions>();
        if (configure is not null)
        {
            services.Configure(configure);
        }

        if (!services.Any(service => service.ServiceType == typeof(PbmLifetime)))
        {
            services.AddSingleton<PbmLifetime>();
            services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<PbmLifetime>());
        }

        return new PbmBuilder(services);
    }
}
