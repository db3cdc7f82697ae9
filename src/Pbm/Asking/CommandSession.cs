using Kyberium.Pbm.Hosting.Protocol;
using Kyberium.Pbm.Output;

namespace Kyberium.Pbm.Asking;

/// <summary>Runs command lines against one process: once, or again and again.</summary>
internal sealed class CommandSession(Target target, TextWriter output, TimeProvider clock) : IAsyncDisposable
{
    private PbmConnection? _connection;

    /// <summary>Connects, unless that was done. A connection that was lost or idle for too long is made anew.</summary>
    internal async Task<PbmMessage.Welcome> WelcomeAsync(CancellationToken cancellationToken)
    {
        _connection ??= await PbmConnection.OpenAsync(target, cancellationToken);
        return _connection.Welcome;
    }

    /// <summary>Runs what the words say, or shows help for it.</summary>
    /// <param name="words">Palette, command and switches; options of the view were taken out.</param>
    /// <param name="view">How to show the answer.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="PbmFailure">What went wrong.</exception>
    internal async Task<int> RunAsync(IReadOnlyList<string> words, View view, CancellationToken cancellationToken)
    {
        var welcome = await WelcomeAsync(cancellationToken);
        var match = CommandMatch.Find(welcome.Palettes, words);
        if (match.Command is not { } command || view.WantsHelp)
        {
            await output.WriteAsync(HelpText.Of(welcome, match));
            return view.WantsHelp || words.Count == 0 ? ExitCode.Ok : ExitCode.Usage;
        }

        var switches = match.ReadSwitches();
        if (view.Every is { } every)
        {
            return await WatchAsync(match.Palette!, command, switches, view, every, cancellationToken);
        }

        try
        {
            await CallAsync(match.Palette!, command, switches, Answer.For(view, output), cancellationToken);
            return ExitCode.Ok;
        }
        catch (PbmFailure cancelled) when (cancelled.ExitCode == ExitCode.Interrupted && command.Follows && cancellationToken.IsCancellationRequested)
        {
            return ExitCode.Ok;     // whoever follows something ends it so
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_connection is { } open)
        {
            _connection = null;
            await open.DisposeAsync();
        }
    }

    private async Task<int> WatchAsync(
        PaletteDescription palette, CommandDescription command, IReadOnlyDictionary<string, string> switches, View view, TimeSpan every,
        CancellationToken cancellationToken)
    {
        if (command.Changes || command.Follows)
        {
            throw PbmFailures.UsageOf(
                $"--every repeats what only looks; '{palette.Name} {command.Name}' {(command.Changes ? "changes something each time" : "goes on by itself")}",
                $"{palette.Name} {command.Name}");
        }

        try
        {
            for (var round = 1; ; round++)
            {
                var answer = Answer.For(view, output);
                await answer.BeginAsync(clock.GetUtcNow());
                await CallAsync(palette, command, switches, answer, cancellationToken);
                if (round == view.Times)
                {
                    return ExitCode.Ok;
                }

                await Task.Delay(every, clock, cancellationToken);
            }
        }
        catch (Exception ended) when (cancellationToken.IsCancellationRequested && ended is OperationCanceledException or PbmFailure { ExitCode: ExitCode.Interrupted })
        {
            return ExitCode.Ok;     // watching ends so
        }
    }

    private async Task CallAsync(
        PaletteDescription palette, CommandDescription command, IReadOnlyDictionary<string, string> switches, Answer answer,
        CancellationToken cancellationToken)
    {
        _ = await WelcomeAsync(cancellationToken);
        try
        {
            await foreach (var message in _connection!.CallAsync(palette.Name, command.Name, switches, cancellationToken))
            {
                await (message switch
                {
                    PbmMessage.Item item => answer.WriteAsync(item),
                    PbmMessage.End end => answer.EndAsync(end.Count, command.Items),
                    _ => Task.CompletedTask,
                });
            }
        }
        catch (PbmFailure lost) when (lost.ExitCode is ExitCode.NotReached or ExitCode.Protocol)
        {
            await DisposeAsync();       // the next command connects anew
            throw;
        }
    }
}
