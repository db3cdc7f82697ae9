using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Kyberium.Host.Commands;

/// <summary>Arguments and options that several commands take in the same form.</summary>
internal static class Parameters
{
    internal const string GuidForm = "a GUID, such as 3f2504e0-4f89-41d3-9a0c-0305e82c3301";

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

    /// <summary>Reads the one value of an option or argument, and says in words what it must be; the parser would name a type.</summary>
    internal static T? Read<T>(ArgumentResult result, string expected, T? min = null)
        where T : struct, ISpanParsable<T>, IComparable<T>
    {
        var text = result.Tokens[^1].Value;
        if (T.TryParse(text, CultureInfo.InvariantCulture, out var value) && (min is not { } least || value.CompareTo(least) >= 0))
        {
            return value;
        }

        var name = result.Parent is OptionResult option ? option.Option.Name : $"<{result.Argument.Name}>";
        result.AddError($"{name} is '{text}'; it must be {expected}");
        return null;
    }
}
