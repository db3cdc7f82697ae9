using System.Diagnostics;
using System.Globalization;
using System.Text;
using Kyberium.Pbm.Tests.Serving;

namespace Kyberium.Pbm.Tests.Processes;

/// <summary>Goal: the prompt works where a person sits. Method: the real program under a pseudo-terminal that script(1) makes; what it
/// draws is waited for.</summary>
public sealed class PromptProcessTests
{
    [Fact]
    public async Task A_person_completes_edits_recalls_interrupts_and_leaves()
    {
        await using var server = await TestServer.StartAsync();
        using var prompt = new PseudoTerminal(server.Port);
        await prompt.SeeAsync("pbm> ");
        await prompt.TypeAsync("te\tec\t");                         // both words are completed
        await prompt.SeeAsync("test echo ");
        await prompt.TypeAsync("-t hellp\u007fo\r");                // and the last letter is mended
        await prompt.SeeAsync("hello | - | false | ");
        await prompt.SeeAsync("Count: 1 items");
        await prompt.SeeAsync("pbm> ");
        await prompt.TypeAsync("\u001b[A\u007f\u007f!\r");          // up: the last line again
        await prompt.SeeAsync("hel! | - | false | ");
        await prompt.SeeAsync("pbm> ");
        await prompt.TypeAsync("dropped\u0003");                    // Ctrl-C drops the line only
        await prompt.SeeAsync("^C");
        await prompt.TypeAsync("test follow\r");
        await prompt.SeeAsync("test follow");                       // the prompt that is waited for below is the one after it
        Assert.True(await server.Palette.Begun.WaitAsync(TestPalette.Patience));
        await prompt.TypeAsync("\u0003");                           // and ends the command that runs
        Assert.True(await server.Palette.Ended.WaitAsync(TestPalette.Patience));
        await prompt.SeeAsync("pbm> ");
        await prompt.TypeAsync("nothing\r");
        await prompt.SeeAsync("no palette 'nothing'");
        await prompt.SeeAsync("pbm> ");
        await prompt.TypeAsync("\u0004");                           // Ctrl-D leaves

        Assert.Equal(0, await prompt.EndAsync());
    }

    /// <summary>pbm with a terminal of its own.</summary>
    private sealed class PseudoTerminal : IDisposable
    {
        private readonly Process _process;
        private readonly StringBuilder _seen = new();
        private readonly char[] _buffer = new char[1_024];
        private int _looked;

        internal PseudoTerminal(int port)
        {
            var pbm = Path.Combine(AppContext.BaseDirectory, "pbm");
            // A shell lets what it starts in the background ignore SIGINT, and a child inherits that.
            var start = new ProcessStartInfo("env", ["--default-signal=INT", "script", "-q", "-e", "-c",
                $"stty cols 120; exec '{pbm}' 127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}", "/dev/null"])
            {
                RedirectStandardInput = true, RedirectStandardOutput = true,
            };
            start.Environment["TERM"] = "xterm";
            _process = Process.Start(start)!;
        }

        internal async Task TypeAsync(string keys)
        {
            await _process.StandardInput.WriteAsync(keys);
            await _process.StandardInput.FlushAsync();
        }

        /// <summary>Waits until the text has been drawn after what was waited for before.</summary>
        internal async Task SeeAsync(string text)
        {
            while (true)
            {
                var found = _seen.ToString().IndexOf(text, _looked, StringComparison.Ordinal);
                if (found >= 0)
                {
                    _looked = found + text.Length;
                    return;
                }

                int read;
                try
                {
                    read = await _process.StandardOutput.ReadAsync(_buffer).AsTask().WaitAsync(TestPalette.Patience);
                }
                catch (TimeoutException)
                {
                    throw new InvalidOperationException($"'{text}' did not come; the terminal shows: {_seen}");
                }

                _ = read > 0 ? _seen.Append(_buffer, 0, read) : throw new InvalidOperationException($"it ended before '{text}': {_seen}");
            }
        }

        internal async Task<int> EndAsync()
        {
            await _process.StandardOutput.ReadToEndAsync().WaitAsync(TestPalette.Patience);
            await _process.WaitForExitAsync().WaitAsync(TestPalette.Patience);
            return _process.ExitCode;
        }

        public void Dispose()
        {
            if (!_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
            }

            _process.Dispose();
        }
    }
}
