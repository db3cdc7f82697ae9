namespace Kyberium.Samples.Tests;

/// <summary>Goal: the program that measures never rots. Method: its quick form runs whole; it fails when a result is wrong or a message
/// allocates more than its bound. Nothing here looks at time.</summary>
public sealed class LoadProgramTests
{
    [Fact]
    public async Task The_quick_form_of_the_load_program_runs_every_row_within_its_bounds()
    {
        var lines = await BuiltProgram.RunAsync("perf/Load", "Kyberium.Load", Path.GetTempPath(), "--quick");
        string[] rows =
        [
            "bare AES-GCM seal", "seal, awaited one by one", "open, awaited one by one", "seal from 20 concurrent callers",
            "allocated by TrySeal and TryOpen", "allocated by SealAsync and OpenAsync", "durable send until journalled",
            "the same until received and acknowledged", "allocated by a durable message", "handshakes, both sides",
            "managed memory of a session", "recovery of 500 messages",
        ];
        Assert.Equal(rows.Length + 2, lines.Length);        // the machine, and the heads of the columns
        Assert.All(rows.Zip(lines[2..]), pair => Assert.StartsWith(pair.First, pair.Second, StringComparison.Ordinal));
    }
}
