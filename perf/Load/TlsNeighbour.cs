using System.Diagnostics;
using System.IO.Pipelines;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kyberium.Load;

/// <summary>Records of TLS 1.3 through <see cref="SslStream"/>, each written by itself, over pipes of this process.</summary>
internal static class TlsNeighbour
{
    /// <summary>Gives records a second, written and read at the same time.</summary>
    internal static async Task<double> RunAsync(int count)
    {
        using var certificate = Certificate();
        Pipe up = new(), down = new();
        await using var server = new SslStream(new DuplexStream(up.Reader.AsStream(), down.Writer.AsStream()));
        await using var client = new SslStream(new DuplexStream(down.Reader.AsStream(), up.Writer.AsStream()), false, (_, shown, _, _) => shown is not null && shown.GetCertHashString() == certificate.GetCertHashString());
        var serving = server.AuthenticateAsServerAsync(new SslServerAuthenticationOptions
        {
            ServerCertificate = certificate,
            EnabledSslProtocols = SslProtocols.Tls13,
        });
        await client.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", EnabledSslProtocols = SslProtocols.Tls13 });
        await serving;
        if (client.SslProtocol != SslProtocols.Tls13)
        {
            throw new InvalidOperationException($"the session speaks {client.SslProtocol}");
        }

        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Task.Run(() => WriteAsync(client, count)), Task.Run(() => ReadAsync(server, count)));
        return count / watch.Elapsed.TotalSeconds;
    }

    private static async Task WriteAsync(SslStream stream, int count)
    {
        var record = new byte[NeighbourRows.PayloadSize];
        for (var i = 0; i < count; i++)
        {
            BitConverter.TryWriteBytes(record, i);
            await stream.WriteAsync(record);
        }
    }

    private static async Task ReadAsync(SslStream stream, int count)
    {
        var record = new byte[NeighbourRows.PayloadSize];
        for (var i = 0; i < count; i++)
        {
            await stream.ReadExactlyAsync(record);
            if (BitConverter.ToInt32(record) != i)
            {
                throw new InvalidOperationException($"record {i} holds something else");
            }
        }
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = DateTimeOffset.UtcNow;
        using var made = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>Reads from one stream and writes to the other.</summary>
    private sealed class DuplexStream(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => output.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                input.Dispose();
                output.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
