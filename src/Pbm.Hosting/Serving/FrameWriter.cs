using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Hosting.Serving;

/// <summary>Writes whole frames, one after the other, for all calls of a connection. Waiting here is what slows a command down to its reader.</summary>
internal sealed class FrameWriter(Stream stream, TimeSpan patience, CancellationTokenSource closing, Action tooSlow) : IDisposable
{
    private readonly SemaphoreSlim _gate = new(1, 1);

    /// <summary>Sends a frame. Once begun, it is sent whole or the connection ends: a cut frame would spoil every one after it.</summary>
    /// <param name="message">What to send.</param>
    /// <param name="onTurn">Runs when it is this frame's turn, before its first byte leaves.</param>
    /// <exception cref="ConnectionClosedException">It ended before.</exception>
    /// <exception cref="PbmProtocolException"><see cref="PbmErrorCode.FrameTooLarge"/>; nothing was sent.</exception>
    internal async Task SendAsync(PbmMessage message, CancellationToken cancellationToken, Action? onTurn = null)
    {
        var frame = PbmCodec.Encode(message);
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            onTurn?.Invoke();
            await WriteAsync(frame).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task WriteAsync(byte[] frame)
    {
        try
        {
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(closing.Token);
            waiting.CancelAfter(patience);
            await stream.WriteAsync(frame, waiting.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException late)
        {
            if (!closing.IsCancellationRequested)
            {
                tooSlow();
                await closing.CancelAsync().ConfigureAwait(false);
            }

            throw new ConnectionClosedException(late);
        }
        catch (Exception lost) when (lost is IOException or ObjectDisposedException)
        {
            await closing.CancelAsync().ConfigureAwait(false);
            throw new ConnectionClosedException(lost);
        }
    }
}
