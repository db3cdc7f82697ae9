namespace Kyberium.Engine.Sessions;

/// <summary>What steps decided: facts to journal, then effects to perform once those facts are durable.</summary>
/// <remarks>One is reused for a whole batch. The facts are already applied to the machine that recorded them: whoever
/// fails to make them durable must drop the machine and recover it.</remarks>
internal sealed class StepOutput
{
    internal List<PeerEvent> Events { get; } = [];

    internal List<PeerEffect> Effects { get; } = [];

    internal void Clear()
    {
        Events.Clear();
        Effects.Clear();
    }
}
