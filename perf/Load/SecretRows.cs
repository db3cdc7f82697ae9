using Kyberium.Engine.Cryptography;

namespace Kyberium.Load;

/// <summary>What a secret costs to make and to give up while many others are alive, by size: the memory of each is pinned.</summary>
internal static class SecretRows
{
    private const int Calls = 20_000;
    private static readonly (int Size, int Alive)[] Kinds = [(64, 200_000), (256, 200_000), (1_568, 20_000)];

    internal static Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        List<Row> rows = [];
        foreach (var (size, count) in Kinds)
        {
            var alive = new SecretBytes[options.Quick ? 100 : count];
            var bytes = new byte[size];
            bytes.AsSpan().Fill(1);
            for (var i = 0; i < alive.Length; i++)
            {
                alive[i] = SecretBytes.CopyOf(bytes);
            }

            var random = new Random(1);     // one after the other goes, as sessions that rekey do
            var rounds = Repeated.ProcessorMicros(options, Calls, () =>
            {
                ref var next = ref alive[random.Next(alive.Length)];
                next.Dispose();
                next = SecretBytes.CopyOf(bytes);
            });
            rows.Add(new Row($"secret of {size} B made in another's place, {alive.Length:N0} alive: processor time", rounds, "µs"));
            Array.ForEach(alive, static secret => secret.Dispose());
        }

        return Task.FromResult<IReadOnlyList<Row>>(rows);
    }
}
