using System.Globalization;
using System.Text;
using Kyberium.Engine;
using Kyberium.Simulation.World;

namespace Kyberium.Simulation.Checkers;

/// <summary>Promise 3 for one direction between two nodes: what was accepted for sending is delivered once for each stable id, in
/// order, unchanged, and nothing counts as acknowledged that the receiver could still lose.</summary>
internal sealed partial class DeliveryLedger(SimulatedWorld world, string from, string to)
{
    private readonly Dictionary<Guid, byte[]> _tried = [];
    private readonly HashSet<Guid> _accepted = [];
    private readonly Dictionary<Guid, ulong> _numbers = [];
    private readonly Dictionary<ReceivedMessageId, Guid> _received = [];
    private readonly Dictionary<Guid, ReceivedMessageId> _places = [];
    private readonly HashSet<ReceivedMessageId> _handled = [];
    private readonly HashSet<ReceivedMessageId> _acknowledging = [];
    private Guid _stream;
    private ulong _last;

    internal string From { get; } = from;

    internal string To { get; } = to;

    /// <summary>Gets up to which number the sender was seen to count messages as acknowledged.</summary>
    internal ulong AcknowledgedThrough { get; private set; }

    internal int AcceptedCount => _accepted.Count;

    internal bool IsSettled => !IsDisturbed && _accepted.All(IsSettledFor);

    /// <summary>Makes the payload of a message about to be sent: planted bytes, its operation, filler.</summary>
    internal byte[] Compose(Guid operation, SeededChoices choices, int fillerMax)
    {
        if (!_tried.TryGetValue(operation, out var payload))
        {
            var filler = new byte[choices.Below(fillerMax + 1)];
            choices.Fill(filler);
            _tried[operation] = payload = [.. SecretScan.Planted, .. operation.ToByteArray(), .. filler];
            _streamTried[operation] = _streams;
        }

        return payload;
    }

    /// <summary>The send completed: from here on the message must not be lost.</summary>
    internal void Accepted(SentMessage sent)
    {
        _accepted.Add(sent.Operation);
        if (!HasItsNumber(sent.Operation))
        {
            return;     // an act came between: the number may be of another stream, or the message gone with the peer
        }

        if (sent.Number != 0 && _numbers.TryGetValue(sent.Operation, out var before) && before != sent.Number)
        {
            Violate($"{sent.Operation} was numbered {before}, and then {sent.Number}");
        }

        if (sent.Number != 0)
        {
            _numbers[sent.Operation] = sent.Number;
            CheckPlace(sent.Operation);
        }
    }

    /// <summary>A message was handed out. <paramref name="byDeposed"/>: by an owner that stood still and has a successor. What that one was
    /// told is durable it cannot know; it hands out what it had read before, under the same ids, and its word on them counts for nothing.</summary>
    internal void Received(ReceivedMessage message, bool byDeposed = false)
    {
        var payload = message.Payload.Span;
        var operation = payload.Length >= SecretScan.Planted.Length + 16
            ? new Guid(payload.Slice(SecretScan.Planted.Length, 16))
            : Guid.Empty;
        if (!_tried.TryGetValue(operation, out var sent) || !payload.SequenceEqual(sent))
        {
            Violate($"message {message.Id.Number} is not what was sent");
            return;
        }

        CheckExpiry(operation);
        if (_received.TryGetValue(message.Id, out var known))
        {
            CheckAgain(message.Id, known, operation, byDeposed);
            return;
        }

        CheckOrder(message.Id);
        _received[message.Id] = operation;
        if (!_places.TryAdd(operation, message.Id))
        {
            if (!TakeRepeat(operation))
            {
                Violate($"one message came under numbers {_places[operation].Number} and {message.Id.Number}");
            }

            _places[operation] = message.Id;
        }

        CheckPlace(operation);
    }

    // A message comes again under its number after a crash, until it was handled; after an act that allows it, also then.
    private void CheckAgain(ReceivedMessageId id, Guid known, Guid operation, bool byDeposed)
    {
        if (known != operation)
        {
            Violate($"number {id.Number} was handed out with two payloads");
        }

        if (_handled.Contains(id) && !byDeposed)
        {
            if (!TakeRepeat(operation))
            {
                Violate($"message {id.Number} was handed out after its handling was durable");
            }
            else if (id.Number <= _again)
            {
                Violate($"message {id.Number} came again after {_again}");
            }

            _again = id.Number;
            _handled.Remove(id);
        }
    }

    private void CheckOrder(ReceivedMessageId id)
    {
        if (id.Stream != _stream)
        {
            if (_stream != Guid.Empty && --_newStreams < 0)
            {
                Violate($"a stream appeared at message {id.Number} that no act accounts for");
            }

            if (id.Number != 1 && _rewinds == 0 && !MayBeVoid(id.Number - 1))
            {
                Violate($"a stream begins with message {id.Number}");
            }

            _stream = id.Stream;
        }
        else if (id.Number != _last + 1 && (id.Number <= _last || (_rewinds == 0 && !MayBeVoid(id.Number - _last - 1))))
        {
            Violate($"message {id.Number} came after {_last}");
        }

        _last = id.Number;
    }

    internal void Acknowledging(ReceivedMessageId id) => _acknowledging.Add(id);

    internal bool WasAcknowledging(ReceivedMessageId id) => _acknowledging.Contains(id);

    internal void Handled(ReceivedMessageId id) => _handled.Add(id);

    /// <summary>What the sender's engine showed of its outbox.</summary>
    internal void SenderShowed(PeerInfo info, int era)
    {
        if (era != Era || IsDisturbed)
        {
            return;
        }

        KeepsOwing(info);
        AcknowledgedThrough = Math.Max(AcknowledgedThrough, info.NextNumber - 1 - (ulong)info.OutboxCount);
        if (!MayStand(ref _isSendingStopped, info.OutgoingStopped, "PeerStoreRolledBack"))
        {
            Violate($"sending stopped, though no store went back in time: {info.OutgoingStopped}");
        }
    }

    /// <summary>What the receiver's engine showed, asked after <paramref name="acknowledged"/> was read.</summary>
    internal void ReceiverShowed(PeerInfo info, ulong acknowledged, int era)
    {
        if (era != Era || IsDisturbed)
        {
            return;
        }

        _isReceiverBehind &= acknowledged == 0 || info.AcceptedThrough < acknowledged;
        if (info.AcceptedThrough < acknowledged && !_isReceiverBehind)
        {
            Violate($"the sender dropped messages up to {acknowledged}, the receiver holds those up to {info.AcceptedThrough}");
        }

        if (!MayStand(ref _isAcceptingStopped, info.IncomingStopped, "OwnStoreRolledBack"))
        {
            Violate($"accepting stopped, though no store went back in time: {info.IncomingStopped}");
        }
    }

    /// <summary>Tells what is still missing.</summary>
    internal string Missing()
    {
        var lost = _accepted.Where(operation => !IsSettledFor(operation)).ToList();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{From} > {To}: {lost.Count} of {_accepted.Count} accepted messages are missing, numbers ");
        text.AppendJoin(", ", lost.Select(operation => _numbers.GetValueOrDefault(operation)).Order().Take(10));
        return text.ToString();
    }

    // A crash may hide the answer to an acknowledgement that was durable: then the message never comes again. That it would, were it
    // not durable, shows in the receiver's inbox, which has to empty as well.
    private bool IsDone(Guid operation) =>
        _places.TryGetValue(operation, out var id) && (_handled.Contains(id) || _acknowledging.Contains(id));

    private bool IsSettledFor(Guid operation) => IsDone(operation) || _excused.Contains(operation) || _expired.Contains(operation);

    private void CheckPlace(Guid operation)
    {
        if (HasItsNumber(operation) && _numbers.TryGetValue(operation, out var number) && _places.TryGetValue(operation, out var place) && place.Number != number)
        {
            Violate($"the message numbered {number} came as {place.Number}");
        }
    }

    private void Violate(string what) => world.Violate("promise 3", $"{From} > {To}: {what}");
}
