using System.Runtime.InteropServices;

namespace Kyberium.Pbm;

/// <summary>What signals ask for: to interrupt the command that runs, or to end the program.</summary>
internal sealed class Signals : IDisposable
{
    private readonly CancellationTokenSource _ending = new();
    private CancellationTokenSource? _command;

    /// <summary>Gets the token that ends the program.</summary>
    internal CancellationToken Ending => _ending.Token;

    /// <summary>Until it is disposed, an interrupt ends the command and not the program. The prompt's commands run within.</summary>
    internal CancellationTokenSource BeginCommand()
    {
        var command = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        Interlocked.Exchange(ref _command, command);
        return command;
    }

    internal void EndCommand(CancellationTokenSource command)
    {
        Interlocked.CompareExchange(ref _command, null, command);
        command.Dispose();
    }

    internal void Take(PosixSignalContext signal)
    {
        if (signal.Signal == PosixSignal.SIGINT && Interlocked.Exchange(ref _command, null) is { } command)
        {
            signal.Cancel = true;
            command.Cancel();
            return;
        }

        signal.Cancel = !_ending.IsCancellationRequested;
        _ending.Cancel();
    }

    /// <summary>Ends the program, as a signal does.</summary>
    internal void End() => _ending.Cancel();

    public void Dispose() => _ending.Dispose();
}
