namespace Kyberium.Host.Demo;

/// <summary>What the demo did and whether it came out right. Times in milliseconds unless named otherwise.</summary>
internal sealed record DemoReport
{
    public required string Text { get; init; }

    public required int Lines { get; init; }

    public required int Kills { get; init; }

    /// <summary>Gets how many messages were sent, both ways together.</summary>
    public required int Sent { get; init; }

    /// <summary>Gets how many came out, each counted once.</summary>
    public required int Received { get; init; }

    /// <summary>Gets how often a message was handed to the application again after a kill and recognised by its number.</summary>
    public required int DuplicatesDropped { get; init; }

    /// <summary>Gets how often a line was handed to its node again after a kill, under the same operation id.</summary>
    public required int Replays { get; init; }

    /// <summary>Gets how many message envelopes went over the link beyond one per message; at least, since a killed node does not say its last.</summary>
    public required long Resends { get; init; }

    public required bool OrderAndBytesVerified { get; init; }

    /// <summary>Gets the SHA-256 chain over the text's lines, which each side's receipt had to come to.</summary>
    public required string Chain { get; init; }

    public IReadOnlyList<string>? Problems { get; init; }

    public required double Seconds { get; init; }

    public required double MessagesPerSecond { get; init; }

    /// <summary>Gets the median time from handing a line over to its coming out at the other node, kills included.</summary>
    public required double LatencyP50 { get; init; }

    public required double LatencyP99 { get; init; }

    public required double Handshake { get; init; }

    /// <summary>Gets the slowest start after a kill, the store's recovery included.</summary>
    public required double RecoveryMax { get; init; }

    /// <summary>Gets where the nodes' data lies; absent when it was deleted.</summary>
    public string? Folder { get; init; }

    internal static DemoReport Of(
        DemoText text, DemoDirection[] directions, int kills, List<double> recoveries, double handshake, TimeSpan elapsed, long envelopes)
    {
        double[] latencies = [.. directions.SelectMany(direction => direction.Latencies).Order()];
        string[] problems = [.. directions.Select(direction => direction.Problem).OfType<string>()];
        var received = directions.Sum(direction => direction.Received);
        return new DemoReport
        {
            Text = text.Name,
            Lines = text.Lines.Count,
            Kills = kills,
            Sent = directions.Sum(direction => direction.HandedOver),
            Received = received,
            DuplicatesDropped = directions.Sum(direction => direction.Duplicates),
            Replays = directions.Sum(direction => direction.HandedOverAgain),
            Resends = Math.Max(0, envelopes - received),
            OrderAndBytesVerified = directions.All(direction => direction.IsVerified),
            Chain = Convert.ToHexStringLower(text.Chain),
            Problems = problems.Length == 0 ? null : problems,
            Seconds = elapsed.TotalSeconds,
            MessagesPerSecond = received / elapsed.TotalSeconds,
            LatencyP50 = Quantile(latencies, 0.50),
            LatencyP99 = Quantile(latencies, 0.99),
            Handshake = handshake,
            RecoveryMax = recoveries.DefaultIfEmpty().Max(),
        };
    }

    internal void Write(TextWriter output)
    {
        output.WriteLine();
        output.WriteLine(OrderAndBytesVerified
            ? "Every message arrived once, in order and unchanged."
            : "VERIFICATION FAILED: " + string.Join("; ", Problems ?? ["messages are missing"]));
        output.WriteLine($"  text          {Text}: {Lines:N0} lines, sent both ways");
        output.WriteLine($"  sent          {Sent:N0} durable messages");
        output.WriteLine($"  received      {Received:N0}, and {DuplicatesDropped:N0} handed out again after a kill and dropped by number");
        output.WriteLine($"  kills         {Kills} with SIGKILL; slowest recovery {RecoveryMax:0} ms");
        output.WriteLine($"  repeated      {Replays:N0} lines handed over again under their operation id, at least {Resends:N0} envelopes sent again");
        output.WriteLine($"  order, bytes  {(OrderAndBytesVerified ? "verified" : "NOT verified")}, SHA-256 chain {Chain[..16]}…");
        output.WriteLine($"  throughput    {MessagesPerSecond:N0} messages/s over {Seconds:0.0} s, kills included");
        output.WriteLine($"  latency       p50 {LatencyP50:N1} ms, p99 {LatencyP99:N1} ms, from one application to the other");
        output.WriteLine($"  handshake     {Handshake:N1} ms");
        output.WriteLine($"  data          {Folder ?? "deleted; --keep keeps it"}");
    }

    private static double Quantile(double[] sorted, double share) =>
        sorted.Length == 0 ? 0 : sorted[Math.Min(sorted.Length - 1, (int)(share * sorted.Length))];
}
