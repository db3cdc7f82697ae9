using System.Runtime.CompilerServices;
using Kyberium.Engine;
using Kyberium.Pbm.Hosting;

namespace Kyberium.Pbm.Tests.Serving;

/// <summary>Commands that do what a test needs a command to do.</summary>
internal sealed class TestPalette
{
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TaskCompletionSource _gate = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _ended;
    private int _blobs;

    internal SemaphoreSlim Begun { get; } = new(0);

    internal SemaphoreSlim Ended { get; } = new(0);

    internal int EndedCount => Volatile.Read(ref _ended);

    /// <summary>Gets how many blobs were given so far.</summary>
    internal int BlobCount => Volatile.Read(ref _blobs);

    /// <summary>Lets those that wait at the gate end.</summary>
    internal void Open() => _gate.TrySetResult();

    internal PbmPalette Make() => new("test", "What tests need.",
    [
        new PbmCommand
        {
            Name = "echo", Description = "Gives back its switches.",
            Switches =
            [
                new PbmSwitch("text", PbmSwitchType.Text, "A text.", 't', Required: true), new PbmSwitch("number", PbmSwitchType.Number, "A number.", 'n'),
                new PbmSwitch("flag", PbmSwitchType.Flag, "A flag.", 'f'),
            ],
            Run = PbmCommand.One((call, _) => Task.FromResult(PbmItem.Row(
                ("text", call.RequiredText("text")), ("number", call.Number("number")), ("flag", call.Flag("flag")), ("actor", call.Caller.Actor)))),
        },
        new PbmCommand { Name = "follow", Description = "Goes on until cancelled.", Follows = true, Run = (_, stop) => WaitAsync(atGate: false, stop) },
        new PbmCommand { Name = "wait", Description = "Goes on until the gate opens.", Run = (_, stop) => WaitAsync(atGate: true, stop) },
        new PbmCommand { Name = "blobs", Description = "Gives large items without end.", Follows = true, Run = (_, stop) => BlobsAsync(stop) },
        new PbmCommand
        {
            Name = "change it", Description = "Changes something.", Items = "changes", Changes = true,
            Switches = [new PbmSwitch("what", PbmSwitchType.Text, "What.", 'w')],
            Run = PbmCommand.One((_, _) => Task.FromResult(PbmItem.Row(("done", true)))),
        },
        new PbmCommand
        {
            Name = "refuse", Description = "Fails with a code.",
            Run = PbmCommand.One((_, _) => throw new EngineException(EngineErrorCode.PeerUnknown, "there is no such peer")),
        },
        new PbmCommand { Name = "break", Description = "Fails as no command should.", Run = PbmCommand.One((_, _) => throw new InvalidOperationException("a detail for the log")) },
    ]);

    private async IAsyncEnumerable<PbmItem> WaitAsync(bool atGate, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Begun.Release();
        try
        {
            await (atGate ? _gate.Task.WaitAsync(cancellationToken) : Task.Delay(Timeout.Infinite, cancellationToken));
            yield return PbmItem.Row(("waited", true));
        }
        finally
        {
            Interlocked.Increment(ref _ended);
            Ended.Release();
        }
    }

    private async IAsyncEnumerable<PbmItem> BlobsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        Begun.Release();
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Interlocked.Increment(ref _blobs);
                yield return PbmItem.Line(new string('b', 60_000));
                await Task.Yield();
            }
        }
        finally
        {
            Ended.Release();
        }
    }
}
