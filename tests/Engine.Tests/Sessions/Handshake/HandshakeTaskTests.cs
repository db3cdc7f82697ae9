using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Sessions.Handshake;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Handshake;

/// <summary>Handshakes as the machine asks for them: whole envelopes in, an epoch or one failure out. Goal: both ends get the same epoch, and
/// a message whose maker holds every key is refused all the same when what it says is not what docs/formats/handshake.md allows.</summary>
public sealed class HandshakeTaskTests
{
    private const Suite Small = Suite.MLKem512;
    private const Suite Other = Suite.MLKem768;

    private static readonly DeliveryGreeting Greeting = new(new StreamId(1, 2), 3, 5, new StreamId(7, 8), 9, new ChainValue(10, 11));

    // As many as the true ones, so that the lengths agree.
    private static readonly SuiteSet OtherSuites = SuiteSet.Of(Other, Suite.MLKem1024);

    private readonly HandshakeEnd _initiator = new(5, seed: 1, Small, Other);
    private readonly HandshakeEnd _responder = new(0, seed: 2, Small, Other);

    public static TheoryData<string> WrongAnswers => [.. AnswerChanges.Keys];

    public static TheoryData<string> WrongOpenings => [.. OpeningChanges.Keys];

    // A dishonest responder's choices: the header goes out and into the payload alike, so nothing but its rule refuses it.
    private static Dictionary<string, Func<HandshakeTaskTests, AnswerParts, AnswerParts>> AnswerChanges { get; } = new()
    {
        ["another type"] = (_, answer) => answer.With(answer.Header with { Type = EnvelopeType.Data }),
        ["another suite"] = (_, answer) => answer.With(answer.Header with { Suite = Other }),
        ["another epoch"] = (_, answer) => answer.With(answer.Header with { Epoch = new Epoch(1) }),
        ["another receiver"] = (_, answer) => answer.With(answer.Header with { Receiver = ReceiverIndex.Of(5, 1) }),
        ["another identity"] = (test, answer) =>
            answer.With(answer.Header with { Incarnation = HandshakeHeaders.Addressed(test._responder.Fingerprint) }),
        ["another header inside"] = (_, answer) =>
            answer with { Payload = answer.Payload with { OwnHeader = answer.Header with { Receiver = ReceiverIndex.Of(5, 1) } } },
        ["versions without this one"] = (_, answer) => answer with { Payload = answer.Payload with { Versions = new VersionRange(2, 3) } },
        ["suites without this one"] = (_, answer) => answer with { Payload = answer.Payload with { Suites = OtherSuites } },
        ["the initiator's own index"] = (_, answer) => answer with { Payload = answer.Payload with { Receiver = answer.Header.Receiver } },
    };

    private static Dictionary<string, Func<HandshakeTaskTests, Handshake1Payload, Handshake1Payload>> OpeningChanges { get; } = new()
    {
        ["another initiator"] = (test, payload) => payload with { Initiator = test._responder.Fingerprint },
        ["versions without this one"] = (_, payload) => payload with { Versions = new VersionRange(2, 3) },
        ["suites without this one"] = (_, payload) => payload with { Suites = OtherSuites },
    };

    [Fact]
    public void Both_ends_of_a_session_get_one_epoch_and_what_each_said()
    {
        var started = Start();
        var (opened, answered) = Answer(started.Message1);
        var finished = Assert.IsType<HandshakeResult.Finished>(Finish(started, answered.Message2));

        Assert.True(EnvelopeHeader.TryReadEnvelope(started.Message1.Span, out var header, out _));
        Assert.Equal(
            new EnvelopeHeader(
                EnvelopeType.Handshake1, Small, default, Epoch.Zero, HandshakeHeaders.Addressed(_responder.Fingerprint), 0,
                started.Message1.Length - EnvelopeHeader.Size),
            header);
        Assert.Equal(new Handshake1Payload(_initiator.Fingerprint, started.LocalIndex, VersionRange.Spoken, _initiator.Suites), opened.Payload);
        Assert.Equal(_initiator.Key(Small).EncapsulationKey.Bytes.ToArray(), opened.InitiatorStaticKey.ToArray());
        AssertSame(answered.Epoch, finished.Epoch);
        Assert.Equal(Epoch.Zero, finished.Epoch.Number);
        Assert.NotEqual(default, finished.Epoch.Session);
        Assert.Equal(started.LocalIndex, finished.Epoch.LocalIndex);
        Assert.Equal(5, started.LocalIndex.Shard);
        Assert.Equal(0, finished.Epoch.RemoteIndex.Shard);
        Assert.Equal(Greeting, finished.Greeting);
    }

    [Fact]
    public void Both_ends_of_a_rekey_get_the_epoch_after_of_the_same_session()
    {
        var (mine, yours) = Session();
        var started = Start(mine);
        var answered = Assert.IsType<HandshakeResult.Answered>(AnswerRekey(started.Message1, yours));
        var finished = Assert.IsType<HandshakeResult.Finished>(Finish(started, answered.Message2));

        AssertSame(answered.Epoch, finished.Epoch);
        Assert.Equal(mine.Session, finished.Epoch.Session);
        Assert.Equal(new Epoch(1), finished.Epoch.Number);
        Assert.NotEqual(mine.Secrets.Reveal().ToArray(), finished.Epoch.Secrets.Reveal().ToArray());
        Assert.Equal(Greeting, finished.Greeting);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_rekey_fails_at_the_end_whose_epoch_gave_up_its_root(bool atInitiator)
    {
        var (mine, yours) = Session();
        var started = Start(mine);
        var answered = Assert.IsType<HandshakeResult.Answered>(AnswerRekey(started.Message1, yours));
        (atInitiator ? mine : yours).Secrets.EraseRoot();
        Assert.IsType<HandshakeResult.Failed>(atInitiator ? Finish(started, answered.Message2) : AnswerRekey(started.Message1, yours));
    }

    [Theory, MemberData(nameof(WrongAnswers))]
    public void An_answer_that_says_the_wrong_thing_is_refused_and_the_right_one_still_finishes(string wrong)
    {
        var started = Start();
        var opened = Open(started.Message1);
        var right = RightAnswer(opened, started.LocalIndex);
        Assert.IsType<HandshakeResult.Failed>(Finish(started, Seal(opened, AnswerChanges[wrong](this, right))));
        Assert.IsType<HandshakeResult.Finished>(Finish(started, Seal(opened, right)));
    }

    [Fact]
    public void An_answer_whose_payload_cannot_be_read_is_refused()
    {
        var started = Start();
        var opened = Open(started.Message1);
        var right = RightAnswer(opened, started.LocalIndex);
        Assert.IsType<HandshakeResult.Failed>(Finish(started, Seal(opened, right, new byte[right.Payload.Size])));
    }

    [Fact]
    public void An_answer_that_was_cut_is_refused()
    {
        var started = Start();
        var (_, answered) = Answer(started.Message1);
        foreach (var length in new[] { 0, 43, 44, answered.Message2.Length - 1 })
        {
            Assert.IsType<HandshakeResult.Failed>(Finish(started, answered.Message2[..length]));
        }
    }

    [Theory, MemberData(nameof(WrongOpenings))]
    public void An_opened_message_that_says_the_wrong_thing_is_not_answered(string wrong)
    {
        var message1 = Message1(header => header, payload => OpeningChanges[wrong](this, payload));
        Assert.IsType<HandshakeResult.Failed>(_responder.Run(new HandshakeTask.Answer(Open(message1), _initiator.Pin, Greeting)));

        var (_, yours) = Session();
        var rekey = Message1(header => header with { Epoch = new Epoch(1) }, payload => OpeningChanges[wrong](this, payload), yours);
        Assert.IsType<HandshakeResult.Failed>(AnswerRekey(rekey, yours));
    }

    [Fact]
    public void Only_the_holder_of_the_pinned_key_is_answered()
    {
        // The stranger sends its own static key under the initiator's name.
        var stranger = new HandshakeEnd(6, seed: 3, Small);
        var opened = Open(Message1(header => header, payload => payload, sender: stranger));
        Assert.Equal(_initiator.Fingerprint, opened.Payload.Initiator);
        Assert.IsType<HandshakeResult.Failed>(_responder.Run(new HandshakeTask.Answer(opened, _initiator.Pin, Greeting)));
    }

    [Fact]
    public void An_initiator_whose_document_has_no_key_of_the_suite_is_not_answered()
    {
        var bare = new HandshakeEnd(6, seed: 3, Other);
        var message1 = Message1(header => header, payload => payload with { Initiator = bare.Fingerprint });
        Assert.IsType<HandshakeResult.Failed>(_responder.Run(new HandshakeTask.Answer(Open(message1), bare.Pin, Greeting)));
    }

    [Fact]
    public void Every_message_encapsulates_under_randomness_of_its_own()
    {
        var kem = SuiteKems.Of(Small);
        ReadOnlyMemory<byte> first = Start().Message1, second = Start().Message1;
        Assert.NotEqual(Ciphertext(first), Ciphertext(second));
        var task = new HandshakeTask.Answer(Open(first), _initiator.Pin, Greeting);
        var answers = Enumerable.Range(0, 2).Select(_ => Assert.IsType<HandshakeResult.Answered>(_responder.Run(task)).Message2);
        Assert.Equal(2, answers.Select(answer => Convert.ToHexString(Ciphertext(answer))).Distinct().Count());
        byte[] Ciphertext(ReadOnlyMemory<byte> message) => message.Slice(EnvelopeHeader.Size, kem.CiphertextSize).ToArray();
    }

    [Fact]
    public void An_index_is_never_that_of_the_other_end()
    {
        // What the responder draws next, asked for by the initiator as its own.
        var drawn = ReceiverIndex.Of(0, BitConverter.ToUInt64(new SeededEntropy(77).Bytes(8)));
        var opened = Open(Message1(header => header, payload => payload with { Receiver = drawn }));
        var task = new HandshakeTask.Answer(opened, _initiator.Pin, Greeting);
        Assert.IsType<HandshakeResult.Failed>(_responder.Provider.Run(task, new SeededEntropy(77)));
        Assert.IsType<HandshakeResult.Answered>(_responder.Provider.Run(task, new SeededEntropy(78)));
    }

    [Fact]
    public void An_index_that_stands_for_none_is_drawn_again()
    {
        var started = Assert.IsType<HandshakeResult.Started>(_responder.Provider.Run(
            new HandshakeTask.Start(Small, _responder.Fingerprint, _initiator.Pin, null), new ZerosFirst(new SeededEntropy(4))));
        Assert.Equal(ReceiverIndex.Of(0, BitConverter.ToUInt64(new SeededEntropy(4).Bytes(8))), started.LocalIndex);
        Assert.False(started.LocalIndex.IsNone);
    }

    [Fact]
    public void A_session_is_opened_from_message_1_of_epoch_0_for_this_identity_alone()
    {
        Assert.True(TryOpen(Message1(header => header, payload => payload), _responder.Fingerprint));
        Assert.False(TryOpen(Message1(header => header with { Type = EnvelopeType.CookieAnswer }, payload => payload), _responder.Fingerprint));
        Assert.False(TryOpen(Message1(header => header with { Epoch = new Epoch(1) }, payload => payload), _responder.Fingerprint));
        var misaddressed = Message1(header => header with { Incarnation = HandshakeHeaders.Addressed(_initiator.Fingerprint) }, payload => payload);
        Assert.False(TryOpen(misaddressed, _responder.Fingerprint));
        Assert.False(TryOpen(Message1(header => header, payload => payload), Fingerprint.Of([1])));
        Assert.False(TryOpen(Message1(header => header, payload => payload)[..^1], _responder.Fingerprint));
    }

    [Fact]
    public void A_message_1_is_opened_by_who_has_a_key_of_its_suite()
    {
        var started = Start();
        var without = new HandshakeEnd(0, seed: 2, Other);
        Assert.False(PqIkHandshakes.TryOpenSession(without, without.Fingerprint, started.Message1.Span, out _));

        // The same with the message addressed to it, so that nothing but the missing key is wrong.
        EnvelopeHeader.TryRead(started.Message1.Span, out var header, out _);
        var addressed = started.Message1.ToArray();
        (header with { Incarnation = HandshakeHeaders.Addressed(without.Fingerprint) }).Write(addressed);
        Assert.False(PqIkHandshakes.TryOpenSession(without, without.Fingerprint, addressed, out var opened));
        Assert.Null(opened);
    }

    [Fact]
    public void A_message_1_whose_payload_cannot_be_read_is_not_opened() =>
        Assert.False(TryOpen(Message1(header => header, payload => payload, encoded: new byte[30]), _responder.Fingerprint));

    [Fact]
    public void A_handshake_starts_only_in_a_suite_that_both_ends_have_keys_of()
    {
        var bare = new HandshakeEnd(6, seed: 3, Other);
        Assert.IsType<HandshakeResult.Failed>(_initiator.Run(new HandshakeTask.Start(Small, _initiator.Fingerprint, bare.Pin, null)));
        Assert.IsType<HandshakeResult.Failed>(bare.Run(new HandshakeTask.Start(Small, bare.Fingerprint, _responder.Pin, null)));
        Assert.IsType<HandshakeResult.Started>(bare.Run(new HandshakeTask.Start(Other, bare.Fingerprint, _responder.Pin, null)));
    }

    [Fact]
    public void A_rekey_is_answered_for_its_own_suite_and_the_next_epoch_alone()
    {
        var (_, yours) = Session();
        byte[] Rekey(Func<EnvelopeHeader, EnvelopeHeader> change) =>
            Message1(header => change(header with { Epoch = new Epoch(1) }), payload => payload, yours);

        Assert.IsType<HandshakeResult.Answered>(AnswerRekey(Rekey(header => header), yours));
        Assert.IsType<HandshakeResult.Failed>(AnswerRekey(Rekey(header => header), yours, Other));
        Assert.IsType<HandshakeResult.Failed>(AnswerRekey(Rekey(header => header with { Epoch = new Epoch(2) }), yours));
        Assert.IsType<HandshakeResult.Failed>(AnswerRekey(Rekey(header => header with { Epoch = Epoch.Zero }), yours));
        Assert.IsType<HandshakeResult.Failed>(AnswerRekey(Rekey(header => header with { Type = EnvelopeType.CookieAnswer }), yours));
        Assert.IsType<HandshakeResult.Failed>(AnswerRekey(Rekey(header => header).AsMemory()[..^1], yours));
    }

    [Fact]
    public void A_rekey_is_answered_only_where_the_epoch_before_is_the_same()
    {
        var (mine, yours) = Session();
        var started = Start(mine);
        Assert.IsType<HandshakeResult.Failed>(AnswerRekey(started.Message1, yours with { Session = new SessionId(1, 1) }));
        Assert.IsType<HandshakeResult.Failed>(AnswerRekey(started.Message1, yours with { HandshakeHash = new byte[64] }));
        Assert.IsType<HandshakeResult.Answered>(AnswerRekey(started.Message1, yours));
    }

    [Fact]
    public void An_attempt_that_was_given_up_fails_and_its_ephemeral_key_is_destroyed()
    {
        var started = Start();
        var ephemeral = _initiator.Ephemeral!;
        var (_, answered) = Answer(started.Message1);
        Assert.False(ephemeral.IsDestroyed);
        started.Handshake.Dispose();
        Assert.True(ephemeral.IsDestroyed);
        Assert.IsType<HandshakeResult.Failed>(Finish(started, answered.Message2));
    }

    [Fact]
    public void An_opened_message_that_was_given_up_is_not_answered_and_its_keys_are_destroyed()
    {
        var message1 = Message1(header => header, payload => payload);
        EnvelopeHeader.TryRead(message1, out var header, out _);
        Assert.True(ResponderOpening.TryOpen(
            _responder.Key(Small), HandshakePrologue.ForSession(_responder.Fingerprint, header), message1.AsSpan(EnvelopeHeader.Size), out var opening));
        Assert.True(Handshake1Payload.TryRead(opening.Payload.Span, out var payload, out _));
        var opened = new PqIkHandshakes.Responder(opening, header, payload, _responder.Fingerprint);
        opened.Dispose();
        Assert.IsType<HandshakeResult.Failed>(_responder.Run(new HandshakeTask.Answer(opened, _initiator.Pin, Greeting)));
        Assert.Throws<ObjectDisposedException>(() => opening.Answer(
            _initiator.Key(Small).EncapsulationKey, [], new byte[PqIk.Message2RandomnessSize(Kem.MlKem512)], new byte[PqIk.Message2Size(Kem.MlKem512, 0)]));
    }

    private HandshakeResult.Started Start(RekeyBase? basis = null) =>
        Assert.IsType<HandshakeResult.Started>(_initiator.Run(new HandshakeTask.Start(Small, _initiator.Fingerprint, _responder.Pin, basis)));

    private PqIkHandshakes.Responder Open(ReadOnlyMemory<byte> message1)
    {
        Assert.True(PqIkHandshakes.TryOpenSession(_responder, _responder.Fingerprint, message1.Span, out var opened));
        return opened;
    }

    private bool TryOpen(byte[] message1, Fingerprint local) => PqIkHandshakes.TryOpenSession(_responder, local, message1, out _);

    private (PqIkHandshakes.Responder Opened, HandshakeResult.Answered Answered) Answer(ReadOnlyMemory<byte> message1)
    {
        var opened = Open(message1);
        return (opened, Assert.IsType<HandshakeResult.Answered>(_responder.Run(new HandshakeTask.Answer(opened, _initiator.Pin, Greeting))));
    }

    private HandshakeResult AnswerRekey(ReadOnlyMemory<byte> message1, RekeyBase basis, Suite suite = Small) =>
        _responder.Run(new HandshakeTask.AnswerRekey(message1, suite, _responder.Fingerprint, _initiator.Pin, basis, Greeting));

    private HandshakeResult Finish(HandshakeResult.Started started, ReadOnlyMemory<byte> message2) =>
        _initiator.Run(new HandshakeTask.Finish(started.Handshake, message2));

    private (RekeyBase Initiators, RekeyBase Responders) Session()
    {
        var started = Start();
        var (_, answered) = Answer(started.Message1);
        var finished = Assert.IsType<HandshakeResult.Finished>(Finish(started, answered.Message2));
        static RekeyBase Of(NewEpoch epoch) => new(epoch.Session, epoch.Number, epoch.HandshakeHash, epoch.Secrets);
        return (Of(finished.Epoch), Of(answered.Epoch));
    }

    /// <summary>A message 1 by the book with chosen fields: its maker holds the keys, so it opens.</summary>
    private byte[] Message1(
        Func<EnvelopeHeader, EnvelopeHeader> changeHeader, Func<Handshake1Payload, Handshake1Payload> changePayload, RekeyBase? basis = null,
        HandshakeEnd? sender = null, byte[]? encoded = null)
    {
        sender ??= _initiator;
        var kem = SuiteKems.Of(Small);
        var payload = changePayload(new Handshake1Payload(
            _initiator.Fingerprint, ReceiverIndex.Of(5, 99), VersionRange.Spoken, SuiteSet.Of(Small, Other)));
        if (encoded is null)
        {
            encoded = new byte[payload.Size];
            payload.Write(encoded);
        }

        var header = changeHeader(HandshakeHeaders.Message1(
            Small, Epoch.Zero, _responder.Fingerprint, PqIk.Message1Size(kem, encoded.Length)));
        var prologue = basis is null
            ? HandshakePrologue.ForSession(_responder.Fingerprint, header)
            : HandshakePrologue.ForRekey(_responder.Fingerprint, header, basis.Session, basis.Epoch, basis.HandshakeHash.Span);
        var envelope = new byte[header.EnvelopeLength];
        header.Write(envelope);
        InitiatorAttempt.Start(
            _responder.Key(Small).EncapsulationKey, sender.Key(Small), sender.Take(kem), prologue, encoded,
            sender.Entropy.Bytes(PqIk.Message1RandomnessSize(kem)), envelope.AsSpan(EnvelopeHeader.Size)).Dispose();
        return envelope;
    }

    private AnswerParts RightAnswer(PqIkHandshakes.Responder opened, ReceiverIndex initiators)
    {
        var header = HandshakeHeaders.Message2(
            Small, opened.Header.Epoch, initiators, _initiator.Fingerprint,
            PqIk.Message2Size(SuiteKems.Of(Small), Handshake2Payload.SizeFor(_responder.Suites)));
        return new AnswerParts(header, new Handshake2Payload(ReceiverIndex.Of(0, 100), VersionRange.Spoken, _responder.Suites, header, Greeting));
    }

    private byte[] Seal(PqIkHandshakes.Responder opened, AnswerParts answer, byte[]? encoded = null)
    {
        var kem = SuiteKems.Of(Small);
        if (encoded is null)
        {
            encoded = new byte[answer.Payload.Size];
            answer.Payload.Write(encoded);
        }

        var envelope = new byte[EnvelopeHeader.Size + PqIk.Message2Size(kem, encoded.Length)];
        (answer.Header with { BodyLength = envelope.Length - EnvelopeHeader.Size }).Write(envelope);
        opened.Answer(
            _initiator.Key(Small).EncapsulationKey, encoded, _responder.Entropy.Bytes(PqIk.Message2RandomnessSize(kem)),
            envelope.AsSpan(EnvelopeHeader.Size))!.Dispose();
        return envelope;
    }

    private static void AssertSame(NewEpoch one, NewEpoch other)
    {
        Assert.Equal(one.Session, other.Session);
        Assert.Equal(one.Number, other.Number);
        Assert.Equal(one.HandshakeHash.ToArray(), other.HandshakeHash.ToArray());
        Assert.Equal(one.Secrets.Reveal().ToArray(), other.Secrets.Reveal().ToArray());
        Assert.Equal(one.LocalIndex, other.RemoteIndex);
        Assert.Equal(one.RemoteIndex, other.LocalIndex);
    }

    private sealed record AnswerParts(EnvelopeHeader Header, Handshake2Payload Payload)
    {
        /// <summary>The header outside and inside.</summary>
        internal AnswerParts With(EnvelopeHeader header) => new(header, Payload with { OwnHeader = header });
    }

    private sealed class ZerosFirst(IEntropySource then) : IEntropySource
    {
        private bool _drawn;

        public void Fill(Span<byte> destination)
        {
            if (_drawn)
            {
                then.Fill(destination);
            }
            else
            {
                destination.Clear();
            }

            _drawn = true;
        }
    }
}
