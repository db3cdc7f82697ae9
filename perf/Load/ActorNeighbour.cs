using System.Diagnostics;
using System.Threading.Channels;
using System.Threading.Tasks.Sources;

namespace Kyberium.Load;

/// <summary>The least an actor can be: one loop that owns its state, behind a bounded channel; each request is awaited. Nothing is allocated by a request.</summary>
internal static class ActorNeighbour
{
    private const int MailboxMax = 4_096;       // as a shard's

    /// <summary>Gives requests answered a second.</summary>
    internal static async Task<double> RunAsync(int count, int callers)
    {
        var mailbox = Channel.CreateBounded<Request>(new BoundedChannelOptions(MailboxMax) { SingleReader = true });
        var acting = Task.Run(() => ActAsync(mailbox.Reader));
        var next = -1;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
        {
            var request = new Request();
            for (var i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                request.Ask(i);
                await mailbox.Writer.WriteAsync(request);
                if (await request.AnswerAsync() < i)
                {
                    throw new InvalidOperationException("the actor's sum went back");
                }
            }
        })));
        var rate = count / watch.Elapsed.TotalSeconds;
        mailbox.Writer.Complete();
        return await acting == (long)count * (count - 1) / 2 ? rate : throw new InvalidOperationException("a request was lost, or came twice");
    }

    private static async Task<long> ActAsync(ChannelReader<Request> mailbox)
    {
        long sum = 0;
        while (await mailbox.WaitToReadAsync())
        {
            while (mailbox.TryRead(out var request))
            {
                sum += request.Number;
                request.Answer(sum);
            }
        }

        return sum;
    }

    private sealed class Request : IValueTaskSource<long>
    {
        private ManualResetValueTaskSourceCore<long> _answer = new() { RunContinuationsAsynchronously = true };

        internal int Number { get; private set; }

        internal void Ask(int number)
        {
            _answer.Reset();
            Number = number;
        }

        internal void Answer(long sum) => _answer.SetResult(sum);

        internal ValueTask<long> AnswerAsync() => new(this, _answer.Version);

        public long GetResult(short token) => _answer.GetResult(token);

        public ValueTaskSourceStatus GetStatus(short token) => _answer.GetStatus(token);

        public void OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _answer.OnCompleted(continuation, state, token, flags);
    }
}
