using Kyberium.Engine.Sessions;
using Kyberium.Engine.Wire;

namespace Kyberium.Engine.Tests.Sessions.Model;

/// <summary>Words for tests that tell one story instead of exploring all.</summary>
internal static class Pair
{
    /// <summary>Delivers and computes until nothing is in flight; no time passes.</summary>
    internal static World Run(this World world)
    {
        for (var i = 0; i < 10_000; i++)
        {
            world.Flush(world.A);
            world.Flush(world.B);
            var computing = world.A.Computes.Count > 0 ? world.A : world.B.Computes.Count > 0 ? world.B : null;
            if (computing is not null)
            {
                world.Compute(computing);
            }
            else if (world.Network.Count > 0)
            {
                world.Deliver(world.Network[0]);
            }
            else
            {
                Assert.Null(world.Violation ?? Promises.Tables(world.A) ?? Promises.Tables(world.B));
                return world;
            }
        }

        throw new InvalidOperationException("the two sides never fall silent");
    }

    internal static World Connected(WorldOptions? options = null)
    {
        var world = World.Create(options ?? new WorldOptions());
        world.Do(world.A, new PeerCommand.Connect(Fresh: false));
        return world.Run();
    }

    internal static PeerReply Send(this World world, Side side, string text, UnixMillis? expiresAt = null, Guid operation = default) =>
        world.Do(side, new PeerCommand.Send(
            operation, operation != default, MessageFlags.None, expiresAt, System.Text.Encoding.UTF8.GetBytes(text)));

    /// <summary>Lets time pass on both sides, acting at each deadline, and delivers everything.</summary>
    internal static World Pass(this World world, long millis)
    {
        var end = world.Now + millis;
        while (true)
        {
            world.Run();
            var next = world.A.Deadline.Value <= world.B.Deadline.Value ? world.A : world.B;
            if (next.Deadline.Value > end)
            {
                world.Now = end;
                return world;
            }

            world.Tick(next);
        }
    }

    internal static string[] Inbox(this Side side) =>
        [.. side.State.Incoming.Unhandled.Select(message => System.Text.Encoding.UTF8.GetString(message.Payload.Span))];

    internal static bool Reported(this Side side, PeerReport what) =>
        side.Told.Exists(effect => effect is PeerEffect.Report { Detail.Length: > 0 } report && report.What == what);

    /// <summary>Takes what a side sent of one type off the network.</summary>
    internal static List<Packet> Take(this World world, Side from, EnvelopeType type)
    {
        var taken = world.Network.FindAll(packet => packet.FromA == from.IsA && packet.Type == type);
        world.Network.RemoveAll(taken.Contains);
        return taken;
    }
}
