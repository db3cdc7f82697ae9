using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Kyberium.Cluster.Tests.Checks;

namespace Kyberium.Cluster.Tests.Running;

/// <summary>Senders that each send one message after the other to a peer outside, through one node after the other, until a node has taken it; and the outside
/// party's account of what came.</summary>
internal sealed class MessageTraffic(ScratchNode outside, Func<IReadOnlyList<MemberNode>> nodes)
{
    private const int SenderCount = 2 * ClusterPlan.PeerCount;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private static readonly TimeSpan ThinkTime = TimeSpan.FromMilliseconds(30);     // a sender's, so that senders are not the load that is measured

    private readonly int[] _sent = new int[SenderCount];
    private readonly int[] _received = new int[SenderCount];
    private readonly ConcurrentDictionary<string, ulong> _numbers = new();
    private readonly ConcurrentQueue<Attempt> _attempts = new();
    private readonly NumberHistory _history = new();
    private readonly List<string> _problems = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private List<Task> _senders = [];
    private volatile int _padding;

    /// <summary>Gets how many messages were taken.</summary>
    internal int TakenCount => _numbers.Count;

    /// <summary>Gets every call, in the order in which they ended.</summary>
    internal IReadOnlyCollection<Attempt> Attempts => _attempts;

    /// <summary>Gets or sets how many bytes are added to each message.</summary>
    internal int Padding
    {
        get => _padding;
        set => _padding = value;
    }

    internal void Start() => _senders = [.. Enumerable.Range(0, SenderCount).Select(sequence => Task.Run(() => SendAllAsync(sequence)))];

    /// <summary>Waits until a number of calls that began from now on have ended as is asked.</summary>
    internal Task SeenAsync(int count, Func<Attempt, bool> matches) => SeenAsync(count, attempts => attempts.Count(matches));

    /// <summary>Waits until some more messages were taken by whatever node.</summary>
    internal Task FlowsAsync(int count = 2 * SenderCount) => SeenAsync(count, static attempt => attempt.Failure is null);

    /// <summary>Waits until every sender has sent something that it began from now on: then what it had begun before has ended.</summary>
    internal Task AllFlowAsync() =>
        SeenAsync(SenderCount, static attempts => attempts.Where(static attempt => attempt.Failure is null).DistinctBy(static attempt => attempt.Sender).Count());

    private async Task SeenAsync(int count, Func<IEnumerable<Attempt>, int> countOf)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            Task more;
            lock (_lock)
            {
                more = _more.Task;
            }

            var found = countOf(_attempts.Where(attempt => attempt.Began >= began));
            if (found >= count)
            {
                return;
            }

            if (_senders.FirstOrDefault(static sender => sender.IsFaulted) is { } failed)
            {
                await failed;
            }

            var left = Patience - Stopwatch.GetElapsedTime(began);
            Assert.True(left > TimeSpan.Zero, $"{found} calls, and not {count}, ended as expected within {Patience}; the last: {string.Join("; ", _attempts.TakeLast(8))}");
            await Task.WhenAny(more, Task.Delay(left));
        }
    }

    /// <summary>Lets every sender end with the message it is at.</summary>
    internal async Task StopAsync()
    {
        await _stopping.CancelAsync();
        await Task.WhenAll(_senders);
    }

    /// <summary>Takes what has come to the party outside, and compares it with what was sent.</summary>
    /// <param name="isAll">Whether to wait until everything that was sent is there, and to see that there is no more.</param>
    internal async Task CollectAsync(bool isAll = false)
    {
        if (isAll)
        {
            var missing = _sent.Sum() - _received.Sum();
            Take(missing == 0 ? "" : (await ReceiveAsync("--count", missing.ToString(CultureInfo.InvariantCulture))));
        }

        Take(await ReceiveAsync());
        for (var sequence = 0; isAll && sequence < SenderCount; sequence++)
        {
            Expect(_received[sequence] == _sent[sequence], $"of sequence {sequence} came {_received[sequence]}, sent were {_sent[sequence]}");
        }
    }

    /// <summary>Says what was wrong so far.</summary>
    internal IReadOnlyList<string> FindViolations() =>
    [
        .. _problems, .. _history.FindViolations(),
        .. _attempts.Where(static attempt => attempt.IsRefusal).Select(static attempt => $"a code that does not say to try again: {attempt}"),
    ];

    private static string Text(int sequence, int number) => $"{sequence} {number}";

    private async Task SendAllAsync(int sequence)
    {
        for (var turn = sequence; !_stopping.IsCancellationRequested; turn++)
        {
            await SendNextAsync(sequence, turn);
            await Task.Delay(ThinkTime);
        }
    }

    /// <summary>Sends the next message of a sequence under one operation.</summary>
    private async Task SendNextAsync(int sequence, int turn)
    {
        var text = Text(sequence, _sent[sequence]);
        _sent[sequence]++;
        var payload = text + " " + new string('x', Padding);
        var operation = Guid.NewGuid().ToString();
        var first = Stopwatch.GetTimestamp();
        for (var place = turn; ; place++)
        {
            var all = nodes();
            var node = all[place % all.Count];
            var began = Stopwatch.GetTimestamp();
            var outcome = await node.RunAsync(["send", ClusterPlan.Peer(sequence), payload, "--operation", operation, "--json"]);
            var ended = Stopwatch.GetTimestamp();
            if (outcome.ExitCode == 0)
            {
                var number = JsonDocument.Parse(outcome.Output).RootElement.GetProperty("number").GetUInt64();
                _history.Add(ClusterPlan.Peer(sequence), first, ended, number);
                _numbers[text] = number;
            }

            Note(new Attempt(node.Name, text, began, ended, outcome.ExitCode == 0 ? null : outcome.Error));
            if (outcome.ExitCode == 0)
            {
                return;
            }

            Assert.True(Stopwatch.GetElapsedTime(first) < Patience, $"no node took a message within {Patience}: {outcome.Error}");
        }
    }

    private void Note(Attempt attempt)
    {
        TaskCompletionSource waited;
        lock (_lock)
        {
            _attempts.Enqueue(attempt);
            (waited, _more) = (_more, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        waited.SetResult();
    }

    private async Task<string> ReceiveAsync(params string[] options)
    {
        var received = await outside.RunAsync(["receive", .. options, "--json"]);
        Assert.True(received.ExitCode == 0, received.Error);
        return received.Output;
    }

    private void Take(string received)
    {
        foreach (var line in received.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var message = JsonDocument.Parse(line).RootElement;
            var words = Encoding.UTF8.GetString(message.GetProperty("payload").GetBytesFromBase64()).Split(' ');
            var sequence = int.Parse(words[0], CultureInfo.InvariantCulture);
            var text = $"{words[0]} {words[1]}";
            Expect(
                text == Text(sequence, _received[sequence]) && message.GetProperty("identity").GetString() == ClusterPlan.Peer(sequence),
                $"'{text}' came where '{Text(sequence, _received[sequence])}' was to come");
            var told = _numbers.GetValueOrDefault(text);        // 0: taken, and its sender not told yet, or told that it was acknowledged long ago
            Expect(told == 0 || told == message.GetProperty("number").GetUInt64(), $"'{text}' has another number than its sender was told, {told}");
            _received[sequence]++;
        }
    }

    private void Expect(bool holds, string otherwise)
    {
        if (!holds)
        {
            _problems.Add(otherwise);
        }
    }
}
