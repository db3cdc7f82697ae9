using Microsoft.Extensions.Hosting;

namespace Kyberium.Host.Running;

/// <summary>Leaves starting and stopping to the command: signals are the program's, and an inner server has none.</summary>
internal sealed class CommandLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
