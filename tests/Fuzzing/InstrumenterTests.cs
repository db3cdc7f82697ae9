using System.Runtime.Loader;
using Kyberium.Fuzzing.Instrumentation;

namespace Kyberium.Fuzzing;

/// <summary>The guide of a search: instrumented code does what it did, and other inputs take other ways.</summary>
public sealed class InstrumenterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("kyberium-instrumented-").FullName;

    [Theory]
    [InlineData(typeof(Kyberium.Engine.SessionEngine))]
    [InlineData(typeof(Kyberium.Engine.Cluster.ClusterLinks))]
    [InlineData(typeof(Kyberium.Configuration.Hocon.HoconDocument))]
    [InlineData(typeof(Kyberium.Pbm.Hosting.Protocol.PbmCodec))]
    public void Whatever_holds_a_decoder_is_instrumented(Type decoder) =>
        Assert.Contains(Path.GetFileName(decoder.Assembly.Location), Afl.Search.Instrumented);

    [Fact]
    public void Instrumented_code_still_works_and_tells_its_ways_apart()
    {
        var file = Path.Combine(_folder, "Kyberium.Configuration.Hocon.dll");
        File.Copy(Path.Combine(AppContext.BaseDirectory, Path.GetFileName(file)), file);
        Assert.True(Instrumenter.Rewrite(file) > 500);
        var context = new AssemblyLoadContext("instrumented", isCollectible: false);
        var parse = context.LoadFromAssemblyPath(file).GetType("Kyberium.Configuration.Hocon.HoconDocument")!.GetMethod("Parse")!;
        void Parse(string text) => _ = parse.Invoke(null, [text, null]);

        Parse("a = 1");
        _ = Coverage.TakeWays();        // first uses

        Assert.True(Coverage.AddsWays(() => Parse("a = 1")));
        Assert.False(Coverage.AddsWays(() => Parse("a = 1")));
        Assert.True(Coverage.AddsWays(() => Parse("a { b = [1, ${?c}] }")));
        Assert.True(Coverage.AddsWays(() =>
            Assert.Contains("HoconException", Assert.Throws<System.Reflection.TargetInvocationException>(() => Parse("a = ${")).InnerException!.GetType().FullName, StringComparison.Ordinal)));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
