using Kyberium.Pbm.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Says what a host offers to <c>pbm</c>.</summary>
public sealed class PbmBuilder
{
    internal PbmBuilder(IServiceCollection services) => Services = services;

    /// <summary>Gets the host's services.</summary>
    public IServiceCollection Services { get; }

    /// <summary>Adds a palette that needs services of the host. It is made when the server starts.</summary>
    public PbmBuilder AddPalette(Func<IServiceProvider, PbmPalette> make)
    {
        ArgumentNullException.ThrowIfNull(make);
        Services.AddSingleton<PbmPalette>(make);
        return this;
    }

    /// <summary>Adds a palette.</summary>
    public PbmBuilder AddPalette(PbmPalette palette)
    {
        ArgumentNullException.ThrowIfNull(palette);
        return AddPalette(_ => palette);
    }
}
