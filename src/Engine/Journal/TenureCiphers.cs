using System.Diagnostics.CodeAnalysis;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Journal;

/// <summary>The derived keys last used for opening, at most <see cref="CountMax"/>; the least recently used one goes first.</summary>
/// <remarks>A tail has few tenures; rows read one after the other may come from many. Deriving anew costs microseconds.</remarks>
internal sealed class TenureCiphers(AeadProvider aead) : IDisposable
{
    internal const int CountMax = 16;

    private readonly List<Entry> _mostRecentFirst = new(CountMax);

    internal bool TryGet(in StoreFrame frame, [NotNullWhen(true)] out StoreAead? cipher)
    {
        for (var i = 0; i < _mostRecentFirst.Count; i++)
        {
            var entry = _mostRecentFirst[i];
            if (entry.Matches(frame))
            {
                if (i > 0)
                {
                    _mostRecentFirst.RemoveAt(i);
                    _mostRecentFirst.Insert(0, entry);
                }

                cipher = entry.Cipher;
                return true;
            }
        }

        cipher = null;
        return false;
    }

    internal StoreAead Add(in StoreFrame frame, DataKey dataKey)
    {
        if (_mostRecentFirst.Count == CountMax)
        {
            _mostRecentFirst[^1].Cipher.Dispose();
            _mostRecentFirst.RemoveAt(CountMax - 1);
        }

        var cipher = StoreAead.Derive(aead, dataKey.Secret, frame.Shard, frame.Fence, frame.Tenure);
        _mostRecentFirst.Insert(0, new Entry(frame.DataKeyNumber, frame.Fence, frame.Tenure.ToArray(), cipher));
        return cipher;
    }

    /// <summary>Gives up what was derived from a data key that is destroyed.</summary>
    internal void Drop(uint dataKeyNumber)
    {
        foreach (var entry in _mostRecentFirst.FindAll(entry => entry.DataKeyNumber == dataKeyNumber))
        {
            entry.Cipher.Dispose();
            _mostRecentFirst.Remove(entry);
        }
    }

    public void Dispose()
    {
        foreach (var entry in _mostRecentFirst)
        {
            entry.Cipher.Dispose();
        }

        _mostRecentFirst.Clear();
    }

    private sealed record Entry(uint DataKeyNumber, Fence Fence, byte[] Tenure, StoreAead Cipher)
    {
        internal bool Matches(in StoreFrame frame) =>
            frame.DataKeyNumber == DataKeyNumber && frame.Fence == Fence && frame.Tenure.SequenceEqual(Tenure);
    }
}
