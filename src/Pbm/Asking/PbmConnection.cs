using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Security.Authentication;
using Kyberium.Engine;
using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Asking;

/// <summary>A connection to a process, greeted: what it offers is known. One call at a time.</summary>
internal sealed class PbmConnection : IAsyncDisposable
{
    private readonly Target _target;
    private readonly Socket _socket;
    private readonly Stream _stream;
    private readonly FrameReader _reader;
    private long _lastId;

    private PbmConnection(Target target, Socket socket, Stream stream)
    {
        _target = target;
        _socket = socket;
        _stream = stream;
        _reader = new FrameReader(stream, PbmLimits.FrameBytesMax);
    }

    /// <summary>Gets what the server said of itself.</summary>
    internal PbmMessage.Welcome Welcome { get; private set; } = null!;

    /// <exception cref="PbmFailure">Nobody is reached, trusted or understood there; or the server refuses.</exception>
    internal static async Task<PbmConnection> OpenAsync(Target target, CancellationToken cancellationToken)
    {
        if (target.TokenFile is not null && !target.UsesTls && !target.IsLoopback)
        {
            throw PbmFailures.TokenInTheClear(target.Address);
        }

        var hello = new PbmMessage.Hello([PbmLimits.Version], $"pbm {ProgramVersion.Text}", target.Operator ?? UserName(), ReadToken(target.TokenFile));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Target.Patience);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        PbmConnection? made = null;
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            await socket.ConnectAsync(target.Host, target.Port, patience.Token);
            made = new PbmConnection(target, socket, await SecureAsync(target, new NetworkStream(socket, ownsSocket: true), patience.Token));
            await made.GreetAsync(hello, patience.Token);
            return made;
        }
        catch (Exception failure)
        {
            await (made?.DisposeAsync() ?? ValueTask.CompletedTask);
            socket.Dispose();
            throw failure switch
            {
                SocketException => PbmFailures.NotReached(target.Address, failure),
                AuthenticationException => PbmFailures.NotTrusted(target.Address, failure),
                OperationCanceledException when !cancellationToken.IsCancellationRequested => PbmFailures.NoAnswer(target.Address, Target.Patience),
                IOException => PbmFailures.Lost(target.Address, failure),
                PbmProtocolException => PbmFailures.NotUnderstood(target.Address, failure),
                _ => failure,
            };
        }
    }

    /// <summary>Runs a command and gives its items; the last thing given is the end. Cancelling asks the server to stop and waits for its word.</summary>
    /// <exception cref="PbmFailure">What the server reports; or the connection was lost.</exception>
    internal async IAsyncEnumerable<PbmMessage> CallAsync(
        string palette, string command, IReadOnlyDictionary<string, string> switches, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var id = ++_lastId;
        await SendAsync(new PbmMessage.Call(id, palette, command, switches));
        await using var cancelling = cancellationToken.Register(() => _ = CancelAsync(id));
        while (true)
        {
            switch (await NextAsync())
            {
                case PbmMessage.Item item when item.Id == id:
                    yield return item;
                    break;
                case PbmMessage.End end when end.Id == id:
                    yield return end;
                    yield break;
                case PbmMessage.Error error when error.Id is null || error.Id == id:
                    throw PbmFailures.Told(error.Code, error.Message);
                default:
                    break;      // of a call that was given up before
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stream.DisposeAsync();
        _socket.Dispose();
    }

    private async Task GreetAsync(PbmMessage.Hello hello, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(PbmCodec.Encode(hello), cancellationToken);
        var frame = await _reader.ReadAsync(cancellationToken) ?? throw PbmFailures.Lost(_target.Address, null);
        Welcome = PbmCodec.Decode(frame.Span) switch
        {
            PbmMessage.Welcome { Version: PbmLimits.Version } welcome => welcome,
            PbmMessage.Error error => throw PbmFailures.Told(error.Code, error.Message),
            var other => throw new PbmProtocolException(Hosting.PbmErrorCode.FrameMalformed, $"a {other.GetType().Name} is no answer to a hello"),
        };
    }

    private async Task CancelAsync(long id)
    {
        try
        {
            await SendAsync(new PbmMessage.Cancel(id));
        }
        catch (PbmFailure)
        {
            // The reader finds the same out, and tells it.
        }
    }

    private async Task SendAsync(PbmMessage message)
    {
        try
        {
            await _stream.WriteAsync(PbmCodec.Encode(message));
        }
        catch (Exception lost) when (lost is IOException or ObjectDisposedException)
        {
            throw PbmFailures.Lost(_target.Address, lost);
        }
        catch (PbmProtocolException tooLarge)
        {
            throw PbmFailures.Usage(tooLarge.Message);
        }
    }

    private async Task<PbmMessage> NextAsync()
    {
        try
        {
            var frame = await _reader.ReadAsync(CancellationToken.None) ?? throw PbmFailures.Lost(_target.Address, null);
            return PbmCodec.Decode(frame.Span);
        }
        catch (Exception lost) when (lost is IOException or ObjectDisposedException)
        {
            throw PbmFailures.Lost(_target.Address, lost);
        }
        catch (PbmProtocolException broken)
        {
            throw PbmFailures.NotUnderstood(_target.Address, broken);
        }
    }

    private static async Task<Stream> SecureAsync(Target target, NetworkStream network, CancellationToken cancellationToken)
    {
        if (!target.UsesTls)
        {
            return network;
        }

        var options = new SslClientAuthenticationOptions { TargetHost = target.Host };
        try
        {
            if (target.TrustedCertificateFile is { } authorities)
            {
                options.CertificateChainPolicy = Hosting.Admission.Tls.Trusting(authorities);
            }

            if (target.CertificateFile is { } own)
            {
                var (leaf, chain) = Hosting.Admission.Tls.ReadOwn(own, target.CertificateKeyFile);
                options.ClientCertificateContext = SslStreamCertificateContext.Create(leaf, chain, offline: true);
            }
        }
        catch (EngineException unusable)
        {
            throw PbmFailures.FileUnusable(target.TrustedCertificateFile ?? target.CertificateFile!, unusable);
        }

        var tls = new SslStream(network);
        try
        {
            await tls.AuthenticateAsClientAsync(options, cancellationToken);
            return tls;
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    private static string? ReadToken(string? path)
    {
        if (path is null)
        {
            return null;
        }

        try
        {
            // The same form as the server's file, so that an operator can be handed one line of it: the last word is the token.
            var lines = File.ReadLines(path).Where(line => line.Length > 0 && line[0] != '#').Take(2).ToList();
            return lines is [var line] && line.Split(' ')[^1] is { Length: >= PbmLimits.TokenLengthMin and <= PbmLimits.TokenLengthMax } token
                ? token
                : throw PbmFailures.FileUnusable(path, new InvalidDataException("it must hold one line that ends with a token"));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw PbmFailures.FileUnusable(path, failure);
        }
    }

    private static string? UserName()
    {
        var name = new string([.. Environment.UserName.Where(letter => char.IsAsciiLetterOrDigit(letter) || "._-".Contains(letter, StringComparison.Ordinal))]);
        return name.Length is > 0 and <= PbmLimits.NameLengthMax ? name : null;
    }
}
