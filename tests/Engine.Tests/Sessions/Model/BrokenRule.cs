using Kyberium.Engine.Sessions;

namespace Kyberium.Engine.Tests.Sessions.Model;

/// <summary>A rule broken on purpose: it changes what a side is given, or what it decided, on the way.</summary>
internal abstract class BrokenRule
{
    internal abstract string Name { get; }

    /// <summary>Changes state or command before a step.</summary>
    internal virtual PeerCommand Before(Side side, PeerCommand command) => command;

    /// <summary>Changes what a step decided; it may also move the state on.</summary>
    internal virtual void After(Side side, StepOutput output)
    {
    }

    /// <summary>Gets whether an effect happens before its step is durable.</summary>
    internal virtual bool IsEarly(SideEffect effect) => false;

    /// <summary>Gets whether a fact reaches the journal.</summary>
    internal virtual bool IsJournaled(PeerEvent fact) => true;
}
