using System.Collections.Concurrent;

namespace Kyberium.Engine.Keyring;

/// <summary>The folder beside a keyring that holds one witness file per store: <c>&lt;keyring&gt;.witness/&lt;store id&gt;</c>.</summary>
internal sealed class WitnessFolder(string path, KeyLookup keys, EngineScheduler scheduler) : IDisposable
{
    // One entry per store that this process opens: as a rule one.
    private readonly ConcurrentDictionary<UInt128, StoreWitnesses> _stores = new();

    /// <exception cref="ArgumentException"><paramref name="storeId"/> is not 16 bytes (caller's bug).</exception>
    internal StoreWitnesses Of(ReadOnlySpan<byte> storeId)
    {
        if (storeId.Length != WitnessFile.StoreIdSize)
        {
            throw new ArgumentException($"A store id is {WitnessFile.StoreIdSize} bytes.", nameof(storeId));
        }

        var id = storeId.ToArray();
        return _stores.GetOrAdd(
            System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(storeId),
            _ => new StoreWitnesses(Path.Join(path, Convert.ToHexStringLower(id)), id, keys, scheduler));
    }

    public void Dispose()
    {
        foreach (var store in _stores.Values)
        {
            store.Dispose();
        }
    }
}
