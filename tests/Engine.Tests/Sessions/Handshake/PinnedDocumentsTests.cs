using Kyberium.Engine.Diagnostics;
using Kyberium.Engine.Sessions;
using Kyberium.Engine.Sessions.Handshake;

namespace Kyberium.Engine.Tests.Sessions.Handshake;

/// <summary>Parsed documents of peers. Goal: one is parsed once while it is kept, and how many are kept is bounded.</summary>
public sealed class PinnedDocumentsTests
{
    private readonly PinnedDocuments _documents = new();
    private readonly Pin _pin = new HandshakeEnd(0, seed: 1, Suite.MLKem512).Pin;

    [Fact]
    public void A_document_is_parsed_once() => Assert.Same(_documents.Get(_pin), _documents.Get(_pin));

    [Fact]
    public void A_full_cache_starts_over()
    {
        var first = _documents.Get(_pin);
        for (var i = 1; i < PinnedDocuments.CountMax; i++)
        {
            Fill(i);
        }

        Assert.Same(first, _documents.Get(_pin));
        Fill(PinnedDocuments.CountMax);
        Assert.NotSame(first, _documents.Get(_pin));
    }

    [Fact]
    public void A_document_that_cannot_be_read_was_never_pinned() =>
        Assert.Throws<InvariantViolatedException>(() => _documents.Get(_pin with { Document = _pin.Document[1..] }));

    private void Fill(int number) => _documents.Get(_pin with { Fingerprint = Fingerprint.Of(BitConverter.GetBytes(number)) });
}
