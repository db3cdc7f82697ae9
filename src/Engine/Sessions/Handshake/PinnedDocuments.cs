using System.Collections.Concurrent;
using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Sessions.Handshake;

/// <summary>Parsed documents of pinned peers. Importing a curve's point costs more than using it, so the last ones used
/// are kept; bounded.</summary>
internal sealed class PinnedDocuments
{
    internal const int CountMax = 4_096;

    private readonly ConcurrentDictionary<Fingerprint, PublicDocument> _parsed = new();

    /// <summary>Finds a document that was used of late; <see langword="null"/>: its row is to be read.</summary>
    internal PublicDocument? Find(Fingerprint fingerprint) => _parsed.GetValueOrDefault(fingerprint);

    /// <summary>Parses a pin's document, or gives what was parsed before.</summary>
    /// <param name="pin">With its document: whoever computes with it has read it, if it was not in memory.</param>
    internal PublicDocument Get(Pin pin)
    {
        if (_parsed.TryGetValue(pin.Fingerprint, out var known))
        {
            return known;
        }

        if (!PublicDocument.TryReadKept(pin.Document, out var document, out var failure))
        {
            throw Invariant.Violated($"a pinned document was checked when it was pinned: {failure}");
        }

        if (_parsed.Count >= CountMax)
        {
            _parsed.Clear();    // a full cache starts over: dearer than eviction once in 4,096, and nothing to keep in order
        }

        _parsed[pin.Fingerprint] = document;
        return document;
    }
}
