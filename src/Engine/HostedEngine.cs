namespace Kyberium.Engine;

/// <summary>The engine of a host, for services that are made before it has started: hosted services are.</summary>
/// <remarks>What is made later (request handlers, scoped services) asks for <see cref="SessionEngine"/> itself.</remarks>
public sealed class HostedEngine
{
    private readonly TaskCompletionSource<SessionEngine> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);

    internal HostedEngine()
    {
    }

    /// <summary>Gets the engine.</summary>
    /// <exception cref="InvalidOperationException">The host has not started it yet, or starting it failed.</exception>
    public SessionEngine Engine => _started.Task.IsCompletedSuccessfully
        ? _started.Task.Result
        : throw new InvalidOperationException(
            "The host has not started the Kyberium engine yet. Start the host first; a hosted service, which is made before that, "
            + $"takes a {nameof(HostedEngine)} in its constructor and awaits {nameof(StartedAsync)}() in its work.");

    /// <summary>Waits until the engine has recovered and serves.</summary>
    /// <exception cref="EngineException">Why it could not start.</exception>
    public Task<SessionEngine> StartedAsync(CancellationToken cancellationToken = default) => _started.Task.WaitAsync(cancellationToken);

    internal void Started(SessionEngine engine) => _started.TrySetResult(engine);

    internal void Failed(Exception reason)
    {
        _started.TrySetException(reason);
        _ = _started.Task.Exception;        // the host reports it; who waits here is told as well, if anyone does
    }
}
