using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Shards;

/// <summary>Lets callers have a peer to themselves, one after the other. Holds nothing for peers that nobody waits for.</summary>
internal sealed class PeerTurns
{
    private readonly Lock _gate = new();
    private readonly Dictionary<PeerKey, Line> _lines = [];

    /// <summary>Waits for the turn; disposing of what it gives ends it.</summary>
    internal async ValueTask<IDisposable> EnterAsync(PeerKey peer, CancellationToken cancellationToken)
    {
        Line line;
        lock (_gate)
        {
            if (!_lines.TryGetValue(peer, out line!))
            {
                _lines[peer] = line = new Line();
            }

            line.Callers++;
        }

        var turn = new Turn(this, peer, line);
        try
        {
            await line.Free.WaitAsync(cancellationToken).ConfigureAwait(false);
            turn.IsMine = true;
            return turn;
        }
        catch
        {
            turn.Dispose();
            throw;
        }
    }

    private void Leave(PeerKey peer, Line line, bool wasMine)
    {
        lock (_gate)
        {
            if (wasMine)
            {
                line.Free.Release();
            }

            if (--line.Callers == 0)
            {
                _lines.Remove(peer);
                line.Free.Dispose();
            }
        }
    }

    private sealed class Line
    {
        internal SemaphoreSlim Free { get; } = new(1, 1);

        internal int Callers { get; set; }
    }

    private sealed class Turn(PeerTurns turns, PeerKey peer, Line line) : IDisposable
    {
        private int _left;

        internal bool IsMine { get; set; }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                turns.Leave(peer, line, IsMine);
            }
        }
    }
}
