using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Kyberium.Pbm.Hosting.Protocol;

/// <summary>What goes over a connection: one JSON object a line. docs/formats/pbm.md.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Hello), "hello")]
[JsonDerivedType(typeof(Welcome), "welcome")]
[JsonDerivedType(typeof(Call), "call")]
[JsonDerivedType(typeof(Cancel), "cancel")]
[JsonDerivedType(typeof(Item), "item")]
[JsonDerivedType(typeof(End), "end")]
[JsonDerivedType(typeof(Error), "error")]
internal abstract record PbmMessage
{
    /// <summary>The client's first frame.</summary>
    /// <param name="Versions">The versions it speaks.</param>
    /// <param name="Program">Its name and version, for logs.</param>
    /// <param name="Operator">Who it says it works for; counts only where no proof is asked for.</param>
    /// <param name="Token">Secret: the proof, where tokens are asked for.</param>
    internal sealed record Hello(IReadOnlyList<int> Versions, string Program, string? Operator = null, string? Token = null) : PbmMessage
    {
        public override string ToString() => $"hello of {Program}";     // a record would print the token
    }

    /// <summary>The server's answer to a hello: all that it offers.</summary>
    /// <param name="Version">The version both speak from here on.</param>
    /// <param name="Program">The process's name and version.</param>
    /// <param name="Operator">Who the server takes the caller for; what records will say.</param>
    /// <param name="Palettes">What may be called.</param>
    internal sealed record Welcome(int Version, string Program, string Operator, IReadOnlyList<PaletteDescription> Palettes) : PbmMessage;

    /// <summary>Runs a command.</summary>
    /// <param name="Id">Chosen by the client; not that of a call that still runs. 1 to 2^53 − 1.</param>
    /// <param name="Palette">The palette's name.</param>
    /// <param name="Command">The command's name.</param>
    /// <param name="Switches">Values by the switches' names; of a flag the empty text.</param>
    internal sealed record Call(long Id, string Palette, string Command, IReadOnlyDictionary<string, string> Switches) : PbmMessage;

    /// <summary>Ends a call early. The server answers the call with an error, or with what it had said already.</summary>
    internal sealed record Cancel(long Id) : PbmMessage;

    /// <summary>One item of a call's answer.</summary>
    /// <param name="Id">The call.</param>
    /// <param name="Fields">Named values: text, numbers, truth values, null, lists of text.</param>
    /// <param name="Text">What people read; nothing: the values, separated.</param>
    internal sealed record Item(long Id, JsonObject Fields, string? Text = null) : PbmMessage;

    /// <summary>A call is done.</summary>
    /// <param name="Id">The call.</param>
    /// <param name="Count">How many items it had.</param>
    internal sealed record End(long Id, long Count) : PbmMessage;

    /// <summary>A call failed; without an id the connection did, and it is closed.</summary>
    /// <param name="Code">The stable number: <see cref="PbmErrorCode"/>, or what a command reported.</param>
    /// <param name="Message">What to do next.</param>
    /// <param name="Id">The call.</param>
    internal sealed record Error(int Code, string Message, long? Id = null) : PbmMessage;
}

/// <summary>A palette as a client learns it.</summary>
internal sealed record PaletteDescription(string Name, string Description, IReadOnlyList<CommandDescription> Commands)
{
    internal static PaletteDescription Of(PbmPalette palette) =>
        new(palette.Name, palette.Description, [.. palette.Commands.Select(CommandDescription.Of)]);
}

/// <summary>A command as a client learns it.</summary>
internal sealed record CommandDescription(
    string Name, string Description, string Items, bool Changes, bool Follows, IReadOnlyList<SwitchDescription> Switches)
{
    internal static CommandDescription Of(PbmCommand command) => new(
        command.Name, command.Description, command.Items, command.Changes, command.Follows,
        [.. command.Switches.Select(one => new SwitchDescription(one.Name, one.Type, one.Description, one.Required, one.Letter?.ToString()))]);
}

/// <summary>A switch as a client learns it.</summary>
internal sealed record SwitchDescription(string Name, PbmSwitchType Type, string Description, bool Required, string? Letter = null);
