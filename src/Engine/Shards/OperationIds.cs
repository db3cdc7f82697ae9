using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Shards;

/// <summary>Gives random operation ids to callers who chose none; many per call for entropy, which costs as much as a short seal.</summary>
/// <remarks>Thread-safe. The ids are not secret once given; those not given yet are overwritten as they go.</remarks>
internal sealed class OperationIds(IEntropySource entropy)
{
    private const int Size = 16;
    private const int DrawnCount = 64;

    private readonly Lock _lock = new();
    private readonly byte[] _drawn = new byte[Size * DrawnCount];
    private int _left;

    internal Guid Next()
    {
        lock (_lock)
        {
            if (_left == 0)
            {
                entropy.Fill(_drawn);
                _left = DrawnCount;
            }

            var next = _drawn.AsSpan(--_left * Size, Size);
            var id = new Guid(next);
            CryptographicOperations.ZeroMemory(next);
            return id;
        }
    }
}
