using System.Diagnostics;
using System.Globalization;
using Kyberium.Pbm.Tests.Serving;

namespace Kyberium.Pbm.Tests.Processes;

/// <summary>Goal: an application's own palette, as samples/Palette has it, is offered, run and recorded by name.</summary>
public sealed class SamplePaletteTests
{
    [Fact]
    public async Task An_applications_own_commands_are_offered_and_run()
    {
        using var sample = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "Kyberium.Samples.Palette"), ["127.0.0.1:0"]) { RedirectStandardOutput = true })!;
        try
        {
            var address = (await sample.StandardOutput.ReadLineAsync().WaitAsync(TestPalette.Patience))!.Split(' ')[1];

            Assert.Equal((0, "1 | ink\n2 | paper\nCount: 2 orders\n"), await RunAsync(address, "orders", "list"));
            Assert.Equal((0, "number: 2\ngoods: paper\ncancelledBy: eve (pbm, unproved)\nCount: 1 orders\n"), await RunAsync(address, "orders", "cancel", "-n", "2"));
            Assert.Equal((64, "KY1015: there is no order 2; see 'orders list'\n"), await RunAsync(address, "orders", "cancel", "-n", "2"));
            Assert.Contains("orders cancel  Cancels an order.", (await RunAsync(address, "orders", "--help")).Output, StringComparison.Ordinal);
            using var kill = Process.Start("/bin/kill", ["-TERM", sample.Id.ToString(CultureInfo.InvariantCulture)]);
            await sample.WaitForExitAsync().WaitAsync(TestPalette.Patience);
            Assert.Equal(0, sample.ExitCode);
        }
        finally
        {
            if (!sample.HasExited)
            {
                sample.Kill();
            }
        }
    }

    private static async Task<(int Code, string Output)> RunAsync(string address, params string[] words)
    {
        using var pbm = Process.Start(new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "pbm"), ["--operator", "eve", address, .. words])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        var (output, error) = (pbm.StandardOutput.ReadToEndAsync(), pbm.StandardError.ReadToEndAsync());
        await pbm.WaitForExitAsync().WaitAsync(TestPalette.Patience);
        return (pbm.ExitCode, await output + await error);
    }
}
