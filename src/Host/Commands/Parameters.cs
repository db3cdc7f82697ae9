using System.CommandLine;

namespace Kyberium.Host.Commands;

/// <summary>Arguments and options that several commands take in the same form.</summary>
internal static class Parameters
{
    internal static Argument<string> Peer() => new("peer") { Description = "The peer's name." };

    internal static Option<string> Identity() => new("--identity", "-i")
    {
        Description = "The identity that knows the peer.",
        HelpName = "name",
        DefaultValueFactory = _ => "default",
    };

    internal static Argument<string> IdentityName() => new("name")
    {
        Description = "The identity's name.",
        DefaultValueFactory = _ => "default",
    };
}
