using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine;
using Kyberium.Pbm.Hosting.Admission;
using Kyberium.Pbm.Hosting.Protocol;
using Microsoft.Extensions.Logging;

namespace Kyberium.Pbm.Hosting.Serving;

/// <summary>One caller: proved, then served until it leaves, breaks the protocol, or the server stops.</summary>
internal sealed class Connection(Socket socket, string remote, ConnectionTerms terms, bool isOneTooMany) : IDisposable
{
    private const int DiscardedBytesMax = 4 << 20;

    private static readonly TimeSpan LastWords = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _closing = new();
    private readonly CallTable _calls = new(terms.Options.CallsMax);
    private Operator? _operator;

    /// <summary>Serves it to its end. Never fails.</summary>
    internal async Task RunAsync()
    {
        try
        {
            using var network = new NetworkStream(socket, ownsSocket: true);
            using var tls = terms.Tls is null ? null : new SslStream(network, leaveInnerStreamOpen: true);
            await ServeAsync(network, tls).ConfigureAwait(false);
        }
        catch (Exception gone) when (gone is IOException or SocketException or ObjectDisposedException or ConnectionClosedException)
        {
            // The caller went away, which is how most connections end.
        }
        catch (OperationCanceledException) when (_closing.IsCancellationRequested)
        {
            // The server stops, or the caller was too slow.
        }
#pragma warning disable CA1031 // One caller must never end the server, whatever it found.
        catch (Exception failure)
        {
            PbmLog.ConnectionFailed(terms.Logger, remote, failure);
        }
#pragma warning restore CA1031
    }

    /// <summary>Takes no more calls, waits for those that end by themselves, then closes.</summary>
    internal async Task StopAsync(TimeSpan patience)
    {
        _calls.BeginStop();
        try
        {
            await _calls.WhenAllAsync().WaitAsync(patience).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _calls.EndAll();
            await _calls.WhenAllAsync().WaitAsync(LastWords).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        try
        {
            await _closing.CancelAsync().ConfigureAwait(false);
        }
        catch (ObjectDisposedException)
        {
            // It ended by itself in this moment.
        }
    }

    public void Dispose() => _closing.Dispose();

    private async Task ServeAsync(NetworkStream network, SslStream? tls)
    {
        Stream stream = tls is null ? network : tls;
        using var writer = new FrameWriter(stream, terms.Options.SendTimeout, _closing, ReaderTooSlow);
        var reader = new FrameReader(stream, PbmLimits.HelloBytesMax);
        Task? reading = null;
        try
        {
            using (var hurrying = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token))
            {
                hurrying.CancelAfter(terms.Options.HelloTimeout);
                _operator = await GreetAsync(tls, reader, writer, hurrying.Token).ConfigureAwait(false);
            }

            reader.FrameBytesMax = PbmLimits.FrameBytesMax;
            while (await NextAsync(reader, task => reading = task).ConfigureAwait(false) is { } frame)
            {
                await TakeAsync(PbmCodec.Decode(frame.Span), writer).ConfigureAwait(false);
            }
        }
        catch (PbmProtocolException broken)
        {
            PbmLog.Refused(terms.Logger, remote, broken.Message);
            await writer.SendAsync(new PbmMessage.Error((int)broken.Code, broken.Message), CancellationToken.None).ConfigureAwait(false);
            if (reading is null or { IsCompleted: true })
            {
                await LingerAsync(network).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_operator is null && !_closing.IsCancellationRequested)
        {
            PbmLog.Refused(terms.Logger, remote, "it did not say in time who it is");
        }
        catch (AuthenticationException failed)
        {
            PbmLog.Refused(terms.Logger, remote, failed.Message);
        }
        finally
        {
            await _closing.CancelAsync().ConfigureAwait(false);
            await _calls.WhenAllAsync().ConfigureAwait(false);
            if (reading is not null)
            {
                await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Reads on for a moment what is on its way: closing over unread bytes would take the last words back from the caller.</summary>
    private async Task LingerAsync(NetworkStream network)
    {
        socket.Shutdown(SocketShutdown.Send);
        using var moment = CancellationTokenSource.CreateLinkedTokenSource(_closing.Token);
        moment.CancelAfter(LastWords);
        var scratch = new byte[4 << 10];
        try
        {
            for (int discarded = 0, read = 1; read > 0 && discarded < DiscardedBytesMax; discarded += read)
            {
                read = await network.ReadAsync(scratch, moment.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // It was told, and does not leave.
        }
    }

    private async Task<Operator> GreetAsync(SslStream? tls, FrameReader reader, FrameWriter writer, CancellationToken cancellationToken)
    {
        if (tls is not null)
        {
            await tls.AuthenticateAsServerAsync(terms.Tls!, cancellationToken).ConfigureAwait(false);
        }

        var frame = await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ?? throw new ConnectionClosedException(null);
        if (PbmCodec.Decode(frame.Span) is not PbmMessage.Hello hello)
        {
            throw new PbmProtocolException(PbmErrorCode.FrameMalformed, "the first frame must be a hello");
        }

        if (!hello.Versions.Contains(PbmLimits.Version))
        {
            throw new PbmProtocolException(PbmErrorCode.VersionUnknown, $"this process speaks version {PbmLimits.Version}; use a pbm that does");
        }

        var found = Admit(hello, tls?.RemoteCertificate as X509Certificate2);
        if (isOneTooMany)
        {
            throw new PbmProtocolException(PbmErrorCode.TooMany, $"{terms.Options.ConnectionsMax} connections are open already; try again later");
        }

        PbmLog.Connected(terms.Logger, found.Actor, remote, Printable(hello.Program));
        await writer.SendAsync(
            new PbmMessage.Welcome(PbmLimits.Version, terms.Options.Program, found.Actor, terms.Catalogue.Palettes), cancellationToken).ConfigureAwait(false);
        return found;
    }

    private Operator Admit(PbmMessage.Hello hello, X509Certificate2? certificate)
    {
        try
        {
            return terms.Gate.Admit(hello, certificate);
        }
        catch (EngineException unusable)
        {
            // The owner reads which file it is; a stranger does not.
            PbmLog.Refused(terms.Logger, remote, unusable.Message);
            throw new PbmProtocolException(PbmErrorCode.NotAuthenticated, "this process cannot check tokens now; its log says why", unusable);
        }
    }

    /// <summary>Waits for a frame, without end while calls are open.</summary>
    private async Task<ReadOnlyMemory<byte>?> NextAsync(FrameReader reader, Action<Task> remember)
    {
        var next = reader.ReadAsync(_closing.Token);
        remember(next);
        while (true)
        {
            try
            {
                return await next.WaitAsync(terms.Options.IdleTimeout).ConfigureAwait(false);
            }
            catch (TimeoutException) when (!next.IsCompleted && _calls.Count > 0)
            {
                // Somebody reads an answer.
            }
            catch (TimeoutException) when (!next.IsCompleted)
            {
                throw new PbmProtocolException(PbmErrorCode.TimedOut, "nothing was asked for too long; connect anew");
            }
        }
    }

    private async Task TakeAsync(PbmMessage message, FrameWriter writer)
    {
        switch (message)
        {
            case PbmMessage.Call call:
                await BeginAsync(call, writer).ConfigureAwait(false);
                break;
            case PbmMessage.Cancel cancel:
                _calls.Cancel(cancel.Id);       // of a call that is answered already it says nothing
                break;
            default:
                throw new PbmProtocolException(PbmErrorCode.FrameMalformed, "after the hello a client sends calls and cancels only");
        }
    }

    private async Task BeginAsync(PbmMessage.Call asked, FrameWriter writer)
    {
        PbmMessage.Error refused;
        try
        {
            var command = terms.Catalogue.Find(asked.Palette, asked.Command);
            SwitchValues.Check(asked.Palette, command, asked.Switches);
            var open = new OpenCall(asked.Id, command, command.Follows ? null : terms.Options.CallTimeout, _closing.Token);
            switch (_calls.TryAdd(open))
            {
                case CallRefusal.None:
                    var run = new CallRun(
                        open, new PbmCall(command, asked.Switches, _operator!.Caller), $"{asked.Palette} {asked.Command}", _operator, remote, writer, _calls,
                        terms.Logger);
                    _calls.Track(Task.Run(() => run.RunAsync(asked.Switches)));     // a palette that does not yield must not hold up the reader
                    return;
                case CallRefusal.IdTaken:
                    throw new PbmProtocolException(PbmErrorCode.FrameMalformed, $"a call with the id {asked.Id} is open");
                case CallRefusal.TooMany:
                    refused = new PbmMessage.Error((int)PbmErrorCode.TooMany, $"{terms.Options.CallsMax} calls are open already; wait for one", asked.Id);
                    break;
                default:
                    refused = new PbmMessage.Error((int)EngineErrorCode.EngineStopping, "the process is stopping; repeat the command when it runs again", asked.Id);
                    break;
            }

            open.Dispose();
        }
        catch (PbmProtocolException unknown) when (unknown.Code is PbmErrorCode.CommandUnknown or PbmErrorCode.SwitchInvalid)
        {
            refused = new PbmMessage.Error((int)unknown.Code, unknown.Message, asked.Id);
        }

        await writer.SendAsync(refused, _closing.Token).ConfigureAwait(false);
    }

    private void ReaderTooSlow() =>
        PbmLog.ReaderTooSlow(terms.Logger, _operator?.Actor ?? "a caller", remote, terms.Options.SendTimeout.TotalSeconds);

    private static string Printable(string text) => new([.. text.Select(letter => char.IsControl(letter) ? '?' : letter)]);
}

/// <summary>What all connections of a server share.</summary>
internal sealed record ConnectionTerms(PbmOptions Options, Catalogue Catalogue, Gate Gate, SslServerAuthenticationOptions? Tls, ILogger Logger);
