using System.Threading.Channels;

namespace Kyberium.Engine.AspNetCore.Tests;

/// <summary>Stands for an engine: keeps what arrived and hands back what the test says.</summary>
internal sealed class RecordingReceiver(Func<byte[], byte[]>? reply = null) : IPeerLinkReceiver
{
    private readonly Channel<(byte[] Envelope, string Source)> _arrived = Channel.CreateUnbounded<(byte[], string)>();

    /// <summary>Completed when envelopes may be taken; the gate of the backpressure tests.</summary>
    internal Task Gate { get; set; } = Task.CompletedTask;

    internal ValueTask<(byte[] Envelope, string Source)> NextAsync() => _arrived.Reader.ReadAsync();

    internal int Waiting => _arrived.Reader.Count;

    public async ValueTask<ReadOnlyMemory<byte>> AcceptEnvelopeAsync(
        ReadOnlyMemory<byte> envelope, string source, CancellationToken cancellationToken = default)
    {
        await Gate.WaitAsync(cancellationToken);
        var copy = envelope.ToArray();
        await _arrived.Writer.WriteAsync((copy, source), cancellationToken);
        return reply?.Invoke(copy) ?? [];
    }
}
