using Kyberium.Engine;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>What it costs to make one more peer known to an engine, over SQLite, and how that grows with the number of identities and of peers.</summary>
internal static class AddingRows
{
    private const int Parts = 4;

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var directory = Path.Combine(Path.GetTempPath(), "kyberium-load-" + Path.GetRandomFileName());
        Template.Write(directory, Suite.MLKem768);
        var network = new InMemoryNetwork();
        await using var left = new Store(StoreKind.Disk, Path.Combine(directory, "left"));
        await using var right = new Store(StoreKind.Memory, Path.Combine(directory, "right"));
        try
        {
            await using var engine = await StartAsync(left, network, "left", directory);
            await using var other = await StartAsync(right, network, "right", directory);
            List<Row> rows = [];
            foreach (var identities in new[] { 1, Introduction.IdentitiesMax })
            {
                var own = await Introduction.IdentitiesAsync(engine, [.. Enumerable.Range(0, identities).Select(number => new IdentityName($"s{number}"))], Suite.MLKem768);
                var count = options.Peers / Parts;
                var others = await Introduction.IdentitiesAsync(
                    other, [.. Enumerable.Range(0, options.Peers).Select(number => new IdentityName($"r{identities}-{number}"))], Suite.MLKem768);
                var (each, rates) = (new double[Parts], new double[Parts]);
                for (var part = 0; part < Parts; part++)
                {
                    var pairs = others.Skip(part * count).Take(count).Select((peer, at) => (own[at % own.Count], peer)).ToArray();
                    var (began, at) = (Environment.CpuUsage.TotalTime, System.Diagnostics.Stopwatch.GetTimestamp());
                    await Introduction.AddAsync(engine, "memory://right", pairs);
                    each[part] = (Environment.CpuUsage.TotalTime - began).TotalMicroseconds / count;
                    rates[part] = count / System.Diagnostics.Stopwatch.GetElapsedTime(at).TotalSeconds;
                }

                rows.Add(new Row($"peer added, {identities} identities, by quarters of {options.Peers:N0}: processor time", each, "µs"));
                rows.Add(new Row("the same: rate", rates, "/s"));
            }

            return rows;
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static Task<SessionEngine> StartAsync(Store store, InMemoryNetwork network, string name, string templates)
    {
        store.Flushes = true;
        var parts = store.Parts();
        parts.PeerLinks.Add(network.Connect(name));
        var options = new EngineOptions();
        (options.Templates.Directory, options.Templates.DefaultId) = (templates, Template.Id);
        return SessionEngine.StartAsync(options, parts);
    }
}
