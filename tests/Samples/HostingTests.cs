using Kyberium.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Kyberium.Samples.Tests;

/// <summary>An engine in a generic host.</summary>
public sealed class HostingTests
{
    [Fact]
    public async Task The_engine_serves_before_any_hosted_service_starts_and_until_the_last_has_stopped()
    {
        var builder = Builder();
        builder.Services.AddHostedService<Witness>();       // registered first, and still started after the engine
        builder.Services.AddKyberium().ConfigureParts(InMemory);
        using var host = builder.Build();
        await host.StartAsync();
        var engine = host.Services.GetRequiredService<SessionEngine>();
        Assert.Same(engine, await host.Services.GetRequiredService<HostedEngine>().StartedAsync());

        await host.StopAsync();

        var witness = Assert.Single(host.Services.GetServices<IHostedService>().OfType<Witness>());
        Assert.Equal((true, true), (witness.ServedAtStart, witness.ServedAtStop));
        Assert.Equal(EngineErrorCode.EngineStopped, Assert.Throws<EngineException>(() => engine.ListIdentities()).Code);
    }

    [Fact]
    public void Before_the_start_the_engine_is_refused_with_a_way_out()
    {
        var builder = Builder();
        builder.Services.AddKyberium().ConfigureParts(InMemory);
        using var host = builder.Build();

        var refused = Assert.Throws<InvalidOperationException>(() => host.Services.GetRequiredService<SessionEngine>());

        Assert.Contains(nameof(HostedEngine), refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_whose_engine_cannot_start_does_not_start()
    {
        var builder = Builder();
        builder.Services.AddKyberium(options => options.Shard.Count = 0).ConfigureParts(InMemory);
        using var host = builder.Build();

        var failure = await Assert.ThrowsAsync<EngineException>(() => host.StartAsync());

        Assert.Equal(EngineErrorCode.OptionsInvalid, failure.Code);
        await Assert.ThrowsAsync<EngineException>(() => host.Services.GetRequiredService<HostedEngine>().StartedAsync());
    }

    private static HostApplicationBuilder Builder() => Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());

    private static void InMemory(IServiceProvider services, EngineParts parts)
    {
        parts.OpenJournal = (_, _) => Task.FromResult<IJournal>(new InMemoryJournal());
        parts.OpenKeyring = (_, _) => Task.FromResult<IKeyring>(new InMemoryKeyring());
    }

    private sealed class Witness(HostedEngine hosted) : IHostedService
    {
        internal bool ServedAtStart { get; private set; }

        internal bool ServedAtStop { get; private set; }

        public Task StartAsync(CancellationToken cancellationToken)
        {
            ServedAtStart = hosted.Engine.ListIdentities().Count == 0;
            return Task.CompletedTask;
        }

        public Task StopAsync(CancellationToken cancellationToken)
        {
            ServedAtStop = hosted.Engine.ListIdentities().Count == 0;
            return Task.CompletedTask;
        }
    }
}
