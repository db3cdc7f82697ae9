namespace Kyberium.Samples.Tests;

/// <summary>Goal: the program that measures never rots. Method: its quick form runs whole; it fails when a result is wrong or a message
/// allocates more than its bound. Nothing here looks at time.</summary>
public sealed class LoadProgramTests
{
    [Fact]
    public async Task The_quick_form_of_the_load_program_runs_every_row_within_its_bounds()
    {
        var lines = await BuiltProgram.RunAsync("perf/Load", "Kyberium.Load", Path.GetTempPath(), "--quick", "--aead", "platform,auto");
        string[] traffic =
        [
            "bare provider with header", "seal, awaited one by one", "open, awaited one by one", "seal through one pipeline",
            "open through one pipeline", "seal through two pipelines", "open through two pipelines", "seal from 20 concurrent callers",
        ];
        string[] sender = ["durable send, sender alone", "processor time of each", "allocated by each"];
        string[] bare = ["bare AES-GCM, 256 B", "the same on two threads"];
        string[] rows =
        [
            .. bare, .. traffic.Select(row => "platform: " + row), .. bare, .. traffic.Select(row => "auto: " + row),
            "allocated by TrySeal and TryOpen", "allocated by SealAsync and OpenAsync", .. sender.Select(row => "platform: " + row),
            .. sender.Select(row => "auto: " + row), "durable send until journalled", "the same until received and acknowledged",
            "processor time of each, both engines", "allocated by a durable message", "handshakes, both sides",
            "managed memory of a session", "platform: recovery of 500 messages", "processor time of each", "start and stop over an empty store",
            "auto: recovery of 500 messages", "processor time of each", "start and stop over an empty store",
        ];
        // Two calls, five sizes, one and two threads; a row more for each width of products this processor has.
        var sizes = lines.Where(line => line.StartsWith("bare seal, ", StringComparison.Ordinal) || line.StartsWith("bare open, ", StringComparison.Ordinal)).ToList();
        Assert.True(sizes.Count >= 20 && sizes.Count % 20 == 0, $"{sizes.Count} rows of bare ciphers");

        var others = lines.Where(line => !sizes.Contains(line)).ToArray()[2..];        // the machine, and the heads of the columns
        Assert.Equal(rows.Length, others.Length);
        Assert.All(rows.Zip(others), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
    }
}
