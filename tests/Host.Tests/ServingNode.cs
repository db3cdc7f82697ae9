using System.IO.Pipelines;
using System.Text;

namespace Kyberium.Host.Tests;

/// <summary><c>kyberium serve</c> running in this process until it is disposed.</summary>
internal sealed class ServingNode : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly StringWriter _log = new();
    private readonly Task<int> _run;

    private ServingNode(Task<int> run, CancellationTokenSource stopping, StringWriter log, string ready)
    {
        (_run, _stopping, _log, Ready) = (run, stopping, log, ready);
    }

    /// <summary>Gets what it said once it was ready.</summary>
    internal string Ready { get; }

    /// <summary>Gets where peers reach it.</summary>
    internal string Address => Ready.Split('\n').Single(line => line.Contains(" listen ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];

    internal static async Task<ServingNode> StartAsync(ScratchNode node, params string[] options)
    {
        var pipe = new Pipe(new PipeOptions(pauseWriterThreshold: 0));
        var stopping = new CancellationTokenSource();
        var log = new StringWriter();
        var terminal = new Terminal(Stream.Null, pipe.Writer.AsStream(), log, new Dictionary<string, string>());
        var run = Task.Run(() => CommandLine.RunAsync(["serve", .. node.Location(), .. options], terminal, stopping.Token));
        using var reader = new StreamReader(pipe.Reader.AsStream(), Encoding.UTF8);
        var ready = new StringBuilder();
        while (!ready.ToString().Contains("  control ", StringComparison.Ordinal))
        {
            var line = reader.ReadLineAsync(CancellationToken.None).AsTask();
            if (await Task.WhenAny(line, run).WaitAsync(ScratchNode.Patience) == run)
            {
                Assert.Fail($"serve ended with {await run}: {log}");
            }

            ready.Append(await line).Append('\n');
        }

        return new ServingNode(run, stopping, log, ready.ToString());
    }

    /// <summary>Tells it to stop, as a signal does.</summary>
    internal async Task<int> StopAsync()
    {
        await _stopping.CancelAsync();
        return await _run.WaitAsync(ScratchNode.Patience);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stopping.Dispose();
        await _log.DisposeAsync();
    }
}
