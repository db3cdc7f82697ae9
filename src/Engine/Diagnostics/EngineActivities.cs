using System.Diagnostics;

namespace Kyberium.Engine.Diagnostics;

/// <summary>The engine's spans (docs/operating/traces.md). Names and attributes follow OpenTelemetry's conventions.</summary>
/// <remarks>No payload, no key, no name of a peer or identity. Without a listener nothing is made.</remarks>
internal static class EngineActivities
{
    internal const string Name = "Kyberium.Engine";

    private static readonly ActivitySource Source = new(Name);

    /// <summary>Gets whether anyone may want a span: what goes to and fro without one has a shorter way.</summary>
    internal static bool AreHeard => Source.HasListeners();

    internal static Activity? Connect() => Source.StartActivity("kyberium.connect", ActivityKind.Client);

    /// <summary>From the call to the message being in the journal.</summary>
    internal static Activity? Send(int payloadBytes)
    {
        var activity = Source.StartActivity("kyberium.send", ActivityKind.Producer);
        activity?.SetTag("messaging.system", "kyberium").SetTag("messaging.operation.name", "send")
            .SetTag("messaging.message.body.size", payloadBytes);
        return activity;
    }

    /// <summary>From handing a message out to its reader coming back for the next.</summary>
    internal static Activity? Deliver(ReceivedMessage message)
    {
        var before = Activity.Current;
        var activity = Source.StartActivity("kyberium.deliver", ActivityKind.Consumer);
        if (activity is not null)
        {
            activity.SetTag("messaging.system", "kyberium").SetTag("messaging.operation.name", "process")
                .SetTag("messaging.message.body.size", message.Stream?.Length ?? message.Payload.Length)
                .SetTag("kyberium.delivery.attempt", message.Attempt);
            Activity.Current = before;      // the reader's context is its own
        }

        return activity;
    }

    /// <summary>One computation of a handshake, on the thread that runs it.</summary>
    internal static Activity? Handshake(string step)
    {
        var activity = Source.StartActivity("kyberium.handshake", ActivityKind.Internal);
        activity?.SetTag("kyberium.handshake.step", step);
        return activity;
    }

    internal static Activity? Recovery() => Source.StartActivity("kyberium.recovery", ActivityKind.Internal);

    internal static Activity? Checkpoint(ShardId shard)
    {
        var before = Activity.Current;
        var activity = Source.StartActivity("kyberium.checkpoint", ActivityKind.Internal);
        if (activity is not null)
        {
            activity.SetTag("kyberium.shard", shard.ToString());
            Activity.Current = before;      // it ends in another turn
        }

        return activity;
    }

    /// <summary>Marks what a span stands for as failed: the stable code, never the message.</summary>
    internal static void Fail(this Activity? activity, Exception failure)
    {
        if (activity is not null)
        {
            activity.SetTag("error.type", failure is EngineException known ? known.Code.ToString() : failure.GetType().FullName);
            activity.SetStatus(ActivityStatusCode.Error);
        }
    }
}
