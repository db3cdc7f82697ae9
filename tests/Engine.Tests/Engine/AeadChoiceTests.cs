using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Settings;
using Kyberium.Engine.Templates;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>Who seals: the options where the template leaves it open, the template where it does not.</summary>
public sealed class AeadChoiceTests
{
    private static readonly TemplateStore Shipped = TemplateStore.Load(null);

    [Theory]
    [InlineData(AeadProviderChoice.Platform, AeadProviderChoice.Platform, false)]
    [InlineData(AeadProviderChoice.Platform, AeadProviderChoice.Auto, false)]
    [InlineData(AeadProviderChoice.Platform, AeadProviderChoice.Intrinsics, true)]
    [InlineData(AeadProviderChoice.Auto, AeadProviderChoice.Platform, false)]
    [InlineData(AeadProviderChoice.Auto, AeadProviderChoice.Auto, true)]
    [InlineData(AeadProviderChoice.Auto, AeadProviderChoice.Intrinsics, true)]
    [InlineData(AeadProviderChoice.Intrinsics, AeadProviderChoice.Platform, false)]
    [InlineData(AeadProviderChoice.Intrinsics, AeadProviderChoice.Auto, true)]
    [InlineData(AeadProviderChoice.Intrinsics, AeadProviderChoice.Intrinsics, true)]
    public void The_template_decides_and_what_it_leaves_open_the_options_decide(
        AeadProviderChoice options, AeadProviderChoice template, bool expectsIntrinsics)
    {
        var intrinsics = new OtherProvider();
        var providers = SessionEngine.ChooseAead(new CryptographySettings(options), Shipped, intrinsics);

        Assert.Same(expectsIntrinsics ? intrinsics : AeadProvider.Platform, providers.For(template));
        Assert.False(providers.HasFallenBack);
    }

    [Fact]
    public void Without_the_instructions_auto_takes_the_platforms_and_says_so()
    {
        var providers = SessionEngine.ChooseAead(new CryptographySettings(AeadProviderChoice.Auto), Shipped, intrinsics: null);

        Assert.True(providers.HasFallenBack);
        Assert.All(Enum.GetValues<AeadProviderChoice>(), policy => Assert.Same(AeadProvider.Platform, providers.For(policy)));
    }

    [Fact]
    public void Without_the_instructions_options_that_demand_them_refuse_to_start()
    {
        var error = Assert.Throws<EngineException>(() =>
            SessionEngine.ChooseAead(new CryptographySettings(AeadProviderChoice.Intrinsics), Shipped, intrinsics: null));

        Assert.Equal(EngineErrorCode.ProviderUnavailable, error.Code);
        Assert.Contains("kyberium.engine.cryptography.aead-provider", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_the_instructions_a_template_that_demands_them_refuses_to_start()
    {
        var folder = Directory.CreateTempSubdirectory("kyberium-aead-");
        try
        {
            await File.WriteAllTextAsync(Path.Join(folder.FullName, "fast.json"),
                """{"id": "fast", "version": 1, "description": "Fast.", "extends": "default", "aeadProvider": "intrinsics"}""");
            var templates = TemplateStore.Load(folder.FullName);

            var error = Assert.Throws<EngineException>(() =>
                SessionEngine.ChooseAead(new CryptographySettings(AeadProviderChoice.Auto), templates, intrinsics: null));
            Assert.Equal(EngineErrorCode.ProviderUnavailable, error.Code);
            Assert.Contains("the template 'fast'", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void The_shipped_templates_keep_the_platforms_or_leave_it_open_and_so_do_the_options()
    {
        Assert.Equal(AeadProviderChoice.Platform, new EngineOptions().Cryptography.AeadProvider);
        Assert.Equal(AeadProviderChoice.Auto, Shipped.Get("default").Policy.AeadProvider);
        Assert.Equal(AeadProviderChoice.Platform, Shipped.Get("strict").Policy.AeadProvider);
    }

    // The two sides differ on purpose: what one provider seals the other opens.
    [Fact]
    public async Task Engines_with_different_providers_understand_each_other()
    {
        var choices = new Queue<AeadProviderChoice>([AeadProviderChoice.Auto, AeadProviderChoice.Platform]);
        await using var pair = await TwoEngines.StartAsync(options => options.Cryptography.AeadProvider = choices.Dequeue());
        await pair.Alice.ConnectAsync(TwoEngines.BobPeer);
        foreach (var length in new[] { 0, 1, 256, 70_000 })
        {
            var payload = new byte[length];
            payload.AsSpan().Fill(7);
            var there = await pair.Bob.OpenAsync(await pair.Alice.SealAsync(TwoEngines.BobPeer, payload));
            Assert.Equal(payload, there.Payload.ToArray());
            var back = await pair.Alice.OpenAsync(await pair.Bob.SealAsync(TwoEngines.AlicePeer, payload));
            Assert.Equal(payload, back.Payload.ToArray());
        }
    }

    private sealed class OtherProvider : AeadProvider
    {
        internal override string Name => "other";

        internal override AeadKey CreateKey(ReadOnlySpan<byte> key) => Platform.CreateKey(key);
    }
}
