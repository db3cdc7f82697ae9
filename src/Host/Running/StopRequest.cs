namespace Kyberium.Host.Running;

/// <summary>Whether somebody wants the node to stop: a signal, or an operator with pbm.</summary>
internal sealed class StopRequest
{
    private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Gets a task that ends once the node is to stop.</summary>
    internal Task Asked => _asked.Task;

    /// <summary>Asks for it; a second time changes nothing.</summary>
    internal void Ask() => _asked.TrySetResult();
}
