using System.Collections.Immutable;

namespace Kyberium.Engine.Keyring;

/// <summary>The master keys of one keyring, the current one first. Immutable; sets that follow each other share their keys.</summary>
internal sealed class MasterKeySet
{
    /// <summary>How many keys a keyring holds at most: one a day for almost three years.</summary>
    internal const int CountMax = 1_024;

    internal MasterKeySet(ImmutableArray<MasterKey> keys) => Keys = keys;

    internal ImmutableArray<MasterKey> Keys { get; }

    internal MasterKey Current => Keys[0];

    internal MasterKey? Find(MasterKeyId id)
    {
        foreach (var key in Keys)
        {
            if (key.Id == id)
            {
                return key;
            }
        }

        return null;
    }

    internal MasterKeySet WithCurrent(MasterKey key) => new(Keys.Insert(0, key));

    /// <summary>Takes over the order of a set read from disk, but keeps the key objects that are in use here.</summary>
    /// <returns>The new set; keys that only <paramref name="fresh"/> had as duplicates are zeroed.</returns>
    internal MasterKeySet Adopt(MasterKeySet fresh)
    {
        var keys = ImmutableArray.CreateBuilder<MasterKey>(fresh.Keys.Length);
        foreach (var key in fresh.Keys)
        {
            if (Find(key.Id) is { } known)
            {
                key.Dispose();
                keys.Add(known);
            }
            else
            {
                keys.Add(key);
            }
        }

        return new MasterKeySet(keys.MoveToImmutable());
    }

    internal void Zero()
    {
        foreach (var key in Keys)
        {
            key.Dispose();
        }
    }
}
