using Kyberium.Engine.Tests.Sessions.Model;

namespace Kyberium.Engine.Tests.Sessions.Exploration;

/// <summary>Shows that a world has a way on: with faults off, everything queued is delivered and both sides reach each other.</summary>
internal sealed class WayOn(long millisMax)
{
    private const int StepCountMax = 600;

    private readonly HashSet<UInt128> _known = [];
    private readonly WorldDigest _digest = new();

    internal int Steps { get; private set; }

    /// <summary>Runs a copy of a world on; answers with what is broken on the way or at its end.</summary>
    internal string? Find(World source, Action<string>? log = null)
    {
        var world = source.Copy();
        world.Log = log;
        var passed = new List<UInt128>();
        foreach (var side in new[] { world.A, world.B })
        {
            world.Flush(side);
            WorldAction.Send(world, side);      // whoever cannot send now has no way on
            world.Flush(side);
        }

        var end = world.Now + millisMax;
        for (var i = 0; i < StepCountMax; i++)
        {
            if (Promises.InStores(world) is { } broken)
            {
                return $"{broken} (while finishing)";
            }

            var quiet = world.Network.Count == 0 && world.A.Computes.Count == 0 && world.B.Computes.Count == 0;
            if (quiet && IsSettled(world))
            {
                _known.UnionWith(passed);
                return null;
            }

            if (log is null)
            {
                var digest = _digest.Of(world);
                if (_known.Contains(digest))
                {
                    _known.UnionWith(passed);
                    return null;
                }

                passed.Add(digest);
            }

            Steps++;
            if (!Step(world, end))
            {
                break;
            }
        }

        return $"no way on: {Describe(world.A)}; {Describe(world.B)}";
    }

    internal static bool Step(World world, long end)
    {
        foreach (var side in new[] { world.A, world.B })
        {
            if (side.Computes.Count > 0)
            {
                world.Compute(side);
                world.Flush(side);
                return true;
            }
        }

        if (world.Network.Count > 0)
        {
            var receiver = world.Network[0].FromA ? world.B : world.A;
            world.Deliver(world.Network[0]);
            world.Flush(receiver);
            return true;
        }

        var next = world.A.Deadline.Value <= world.B.Deadline.Value ? world.A : world.B;
        if (next.Deadline.Value > end)
        {
            return false;
        }

        world.Tick(next);
        world.Flush(next);
        return true;
    }

    private static bool IsSettled(World world) => Settled(world.A, world.B) && Settled(world.B, world.A);

    private static bool Settled(Side side, Side other)
    {
        var outgoing = side.State.Outgoing;
        var delivered = outgoing.Count == 0 || outgoing.Stopped is not null || other.State.Incoming.Stopped is not null
            || side.State.Held;
        if (outgoing.Stopped is not null)
        {
            return true;        // it waits for its operator, and says nothing that would show that the peer has left the session
        }

        return delivered && side.State.Sending is { } sending
            && other.Opens(sending.Current.RemoteIndex, SymbolicSecrets.KeyOf(sending.Current.Secrets))
            && sending.Pending is null;
    }

    private static string Describe(Side side) =>
        $"{side.Name} has {side.State.Outgoing.Count} unacknowledged, out {side.State.Outgoing.Stopped}, in {side.State.Incoming.Stopped}, "
        + $"{side.State.Sessions.Count} sessions, pending {side.State.Sending?.Pending is not null}";
}
