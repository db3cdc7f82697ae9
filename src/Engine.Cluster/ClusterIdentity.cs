using System.Security.Cryptography.X509Certificates;
using Kyberium.Engine.Cluster.Certificates;

namespace Kyberium.Engine.Cluster;

/// <summary>Who this node is in its cluster, and whom it believes. Certificates and roots are replaced while links run.</summary>
/// <remarks>Thread-safe. A replacement reaches new connections at once; links open new ones beside the old and let those finish.</remarks>
public sealed class ClusterIdentity
{
    private readonly Lock _lock = new();
    private NodeCredentials _current;
    private Action? _replaced;

    /// <summary>Takes a node's certificate and the cluster's trust.</summary>
    /// <param name="cluster">The cluster's name; certificates of another are refused.</param>
    /// <param name="certificate">The node's own certificate with its private key; its name says which node this is.</param>
    /// <param name="roots">The cluster's roots: one, or during a rotation two.</param>
    /// <param name="deniedSerialNumbers">Certificates that are refused before their time is over, hexadecimal.</param>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.ClusterCertificateUnusable"/>: no private key, no node of this cluster, or
    /// no root.</exception>
    public ClusterIdentity(
        ClusterName cluster, X509Certificate2 certificate, IEnumerable<X509Certificate2> roots, IEnumerable<string>? deniedSerialNumbers = null) =>
        _current = Check(cluster, certificate, roots, deniedSerialNumbers ?? [], node: null);

    /// <summary>Gets the cluster's name.</summary>
    public ClusterName Cluster => Current.Trust.Cluster;

    /// <summary>Gets this node.</summary>
    public NodeId Node => Current.Node;

    /// <summary>Gets the certificate that is shown now.</summary>
    public X509Certificate2 Certificate => Current.Certificate;

    internal NodeCredentials Current => Volatile.Read(ref _current);

    /// <summary>Shows another certificate and believes other roots from now on.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.ClusterCertificateUnusable"/>; what was in force stays.</exception>
    public void Replace(X509Certificate2 certificate, IEnumerable<X509Certificate2> roots, IEnumerable<string>? deniedSerialNumbers = null)
    {
        var next = Check(Cluster, certificate, roots, deniedSerialNumbers ?? Current.Trust.Denied, Node);
        Action? replaced;
        lock (_lock)
        {
            Volatile.Write(ref _current, next);
            replaced = _replaced;
        }

        replaced?.Invoke();
    }

    /// <summary>Refuses other certificates from now on, whichever is shown.</summary>
    /// <returns>Whether that is a change.</returns>
    internal bool Deny(IReadOnlyCollection<string> serialNumbers)
    {
        Action? replaced;
        lock (_lock)
        {
            var (known, trust) = (_current, _current.Trust);
            if (trust.Denied.SetEquals(serialNumbers))
            {
                return false;
            }

            Volatile.Write(ref _current, new NodeCredentials(known.Node, known.Certificate, new NodeTrust(trust.Cluster, [.. trust.Roots], serialNumbers)));
            replaced = _replaced;
        }

        replaced?.Invoke();
        return true;
    }

    /// <summary>Calls back after each replacement until disposed.</summary>
    internal IDisposable OnReplaced(Action replaced)
    {
        lock (_lock)
        {
            _replaced += replaced;
        }

        return new Subscription(this, replaced);
    }

    private static NodeCredentials Check(
        ClusterName cluster, X509Certificate2 certificate, IEnumerable<X509Certificate2> roots, IEnumerable<string> denied, NodeId? node)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(roots);
        var trusted = new X509Certificate2Collection(roots.ToArray());
        if (trusted.Count == 0)
        {
            throw CertificateErrors.NoRoot();
        }

        if (!certificate.HasPrivateKey || NodeName.Read(certificate) is not { } name)
        {
            throw CertificateErrors.NoNode(certificate.Subject);
        }

        if (name.Cluster != cluster || (node is { } expected && name.Node != expected))
        {
            throw CertificateErrors.AnotherNode($"{name.Cluster}/{name.Node}", $"{cluster}/{node}");
        }

        return new NodeCredentials(name.Node, certificate, new NodeTrust(cluster, trusted, denied));
    }

    private sealed class Subscription(ClusterIdentity identity, Action replaced) : IDisposable
    {
        public void Dispose()
        {
            lock (identity._lock)
            {
                identity._replaced -= replaced;
            }
        }
    }
}
