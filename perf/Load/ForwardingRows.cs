using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine;
using Kyberium.Engine.Cluster;
using Kyberium.Engine.Cluster.Certificates;
using Kyberium.Measuring;

namespace Kyberium.Load;

/// <summary>Requests from one node to another over the cluster link, both in this process; beside them bytes of the same length over <see cref="System.Net.Security.SslStream"/>
/// with the same certificates.</summary>
internal static class ForwardingRows
{
    private const int BatchSize = 64;
    private const int PayloadSize = 256;
    private const int CallerCount = 16;

    /// <summary>Rounds before the first that counts: the runtime goes on compiling for as long.</summary>
    private const int WarmUpRounds = 3;

    private static readonly NodeId Owner = new("owner");

    internal static async Task<IReadOnlyList<Row>> RunAsync(LoadOptions options)
    {
        var cluster = new ClusterName("load");
        using var root = AuthorityRoot.Create(cluster, DateTimeOffset.UtcNow, TimeSpan.FromDays(1));
        var owner = Identity(root, cluster, Owner.Value);
        await using var server = await ClusterLinkServer.StartAsync(
            owner, new Echo(), new ClusterLinkServerOptions { Listen = new IPEndPoint(IPAddress.Loopback, 0) });
        await using var links = new ClusterLinks(Identity(root, cluster, "caller"));
        links.SetAddress(Owner, "127.0.0.1", server.Address.Port);

        var (batches, singles, alone) = options.Quick ? (20, 50, 20) : (10_000, 100_000, 2_000);
        List<double> raw = [], batched = [], awaited = [], rawCosts = [], batchCosts = [];
        var (batchTimes, aloneTimes) = (new LatencyHistogram(), new LatencyHistogram());
        for (var round = options.Quick ? -1 : -WarmUpRounds; round < options.Rounds; round++)
        {
            var before = Environment.CpuUsage.TotalTime;
            var tls = await TlsFrames.RunAsync(owner.Certificate, batches, BatchSize * PayloadSize);
            var between = Environment.CpuUsage.TotalTime;
            var batch = await BatchesAsync(links, batches, CallerCount, round >= 0 ? batchTimes : new LatencyHistogram());
            var after = Environment.CpuUsage.TotalTime;
            var single = await SinglesAsync(links, singles, 1_000, new LatencyHistogram());
            await SinglesAsync(links, alone, 1, round >= 0 ? aloneTimes : new LatencyHistogram());
            if (round >= 0)
            {
                raw.Add(tls);
                rawCosts.Add((between - before).TotalMicroseconds / batches);
                batchCosts.Add((after - between).TotalMicroseconds / batches);
                batched.Add(batch);
                awaited.Add(single);
            }
        }

        var frames = new Row($"SslStream: frames of {BatchSize} × {PayloadSize} B there and back", raw, "/s");
        return
        [
            frames,
            new Row($"forwarded batches of {BatchSize} × {PayloadSize} B, {CallerCount} under way", batched, "/s", frames.Median, "the frames above") { Bar = Bar.AtLeast(10_000) },
            new Row("processor time of each frame, both ends", rawCosts, "us"),
            new Row("processor time of each batch, both ends", batchCosts, "us") { Bar = Bar.AtMost(200) },
            new Row("the same: 50th percentile of a batch", [batchTimes.Percentile(0.5) / 1_000], "us"),
            new Row("the same: 99th percentile of a batch", [batchTimes.Percentile(0.99) / 1_000], "us"),
            new Row("forwarded requests, awaited one by one by 1,000 callers", awaited, "/s"),
            new Row("forwarded request with nothing else under way: 50th percentile", [aloneTimes.Percentile(0.5) / 1_000], "us"),
            new Row("the same: 99th percentile", [aloneTimes.Percentile(0.99) / 1_000], "us"),
        ];
    }

    private static async Task<double> BatchesAsync(ClusterLinks links, int count, int callers, LatencyHistogram times)
    {
        var left = count;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(number => Task.Run(async () =>
        {
            var requests = new ClusterRequest[BatchSize];
            var answers = new ClusterAnswer[BatchSize];
            var payload = new byte[PayloadSize];
            BitConverter.TryWriteBytes(payload, number);
            for (var i = 0; i < BatchSize; i++)
            {
                requests[i] = new ClusterRequest(Guid.NewGuid(), new ShardId(ShardId.DefaultGroup, i), TimeSpan.FromSeconds(30), payload);
            }

            while (Interlocked.Decrement(ref left) >= 0)
            {
                var began = Stopwatch.GetTimestamp();
                await links.SendAsync(Owner, requests, answers);
                times.Add(Stopwatch.GetElapsedTime(began).Ticks * 100);
                Array.ForEach(answers, answer => Check(answer, number));
            }
        })));
        return count / watch.Elapsed.TotalSeconds;
    }

    private static async Task<double> SinglesAsync(ClusterLinks links, int count, int callers, LatencyHistogram times)
    {
        var left = count;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(number => Task.Run(async () =>
        {
            var payload = new byte[PayloadSize];
            BitConverter.TryWriteBytes(payload, number);
            var request = new ClusterRequest(Guid.NewGuid(), new ShardId(ShardId.DefaultGroup, 0), TimeSpan.FromSeconds(30), payload);
            while (Interlocked.Decrement(ref left) >= 0)
            {
                var began = Stopwatch.GetTimestamp();
                var answer = await links.SendAsync(Owner, request);
                times.Add(Stopwatch.GetElapsedTime(began).Ticks * 100);
                Check(answer, number);
            }
        })));
        return count / watch.Elapsed.TotalSeconds;
    }

    private static void Check(in ClusterAnswer answer, int number)
    {
        if (answer.Status != ClusterAnswerStatus.Done || answer.Payload.Length != PayloadSize || BitConverter.ToInt32(answer.Payload.Span) != number)
        {
            throw new InvalidOperationException($"an answer is {answer.Status} {answer.Message} and not its request's");
        }
    }

    internal static ClusterIdentity Identity(AuthorityRoot root, ClusterName cluster, string node)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var issued = root.Issue(cluster, new NodeId(node), new PublicKey(key), DateTimeOffset.UtcNow, TimeSpan.FromHours(1));
        return new ClusterIdentity(cluster, issued.CopyWithPrivateKey(key), [root.Certificate]);
    }

    private sealed class Echo : IClusterRequestHandler
    {
        public ValueTask<ClusterAnswer> HandleAsync(NodeId caller, ClusterRequest request, CancellationToken cancellationToken) =>
            ValueTask.FromResult(ClusterAnswer.Done(request.Payload.ToArray()));
    }
}
