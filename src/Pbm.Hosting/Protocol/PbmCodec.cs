using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Kyberium.Pbm.Hosting.Protocol;

/// <summary>Messages to and from the bytes of one frame. Refuses what it does not know: a new member is a new version.</summary>
internal static class PbmCodec
{
    private static readonly JsonSerializerOptions Form = MakeForm();

    /// <summary>Writes a message as a frame, its line feed included.</summary>
    /// <exception cref="PbmProtocolException"><see cref="PbmErrorCode.FrameTooLarge"/>.</exception>
    internal static byte[] Encode(PbmMessage message)
    {
        using var bytes = new MemoryStream();
        JsonSerializer.Serialize(bytes, message, Form);
        if (bytes.Length > PbmLimits.FrameBytesMax)
        {
            throw new PbmProtocolException(
                PbmErrorCode.FrameTooLarge, $"an answer of {bytes.Length:N0} bytes does not fit a frame of {PbmLimits.FrameBytesMax:N0}; ask for less");
        }

        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }

    /// <summary>Reads the bytes of one frame, without its line feed.</summary>
    /// <exception cref="PbmProtocolException"><see cref="PbmErrorCode.FrameMalformed"/>.</exception>
    internal static PbmMessage Decode(ReadOnlySpan<byte> frame)
    {
        try
        {
            var message = JsonSerializer.Deserialize<PbmMessage>(frame, Form) ?? throw Malformed("it is null");
            return Checked(message);
        }
        catch (Exception failure) when (failure is JsonException or NotSupportedException or InvalidOperationException or ArgumentException)
        {
            throw new PbmProtocolException(PbmErrorCode.FrameMalformed, "a frame is not a message of this protocol", failure);
        }
    }

    private static PbmMessage Checked(PbmMessage message) => message switch
    {
        PbmMessage.Hello hello => Checked(hello),
        PbmMessage.Welcome welcome => Checked(welcome),
        PbmMessage.Call call => Checked(call),
        PbmMessage.Cancel cancel => CheckId(cancel.Id, cancel),
        PbmMessage.Item item => Checked(item),
        PbmMessage.End end => end.Count >= 0 ? CheckId(end.Id, end) : throw Malformed("its count is negative"),
        PbmMessage.Error error => Checked(error),
        _ => throw Malformed("its type is not known"),
    };

    private static PbmMessage.Hello Checked(PbmMessage.Hello hello) =>
        hello.Versions.Count is >= 1 and <= PbmLimits.VersionsMax && IsShort(hello.Program) && IsShort(hello.Operator) && IsShort(hello.Token, PbmLimits.TokenLengthMax)
            ? hello : throw Malformed("a member of the hello is out of its bounds");

    private static PbmMessage.Welcome Checked(PbmMessage.Welcome welcome)
    {
        if (!IsShort(welcome.Program) || !IsShort(welcome.Operator))
        {
            throw Malformed("a name in the welcome is too long");
        }

        // The reader checks members, not what lists hold.
        if (welcome.Palettes.Any(palette => palette is null || palette.Commands.Any(command => command is null || command.Switches.Any(one => one is null))))
        {
            throw Malformed("a list in the welcome holds null");
        }

        // The rules that hold for a server's palettes hold for what a client believes of them.
        PbmNames.CheckList("welcome", welcome.Palettes.Select(palette => palette.Name), PbmLimits.PalettesMax);
        foreach (var palette in welcome.Palettes)
        {
            _ = new PbmPalette(palette.Name, palette.Description, [.. palette.Commands.Select(DefinitionOf)]);
        }

        return welcome;
    }

    private static PbmMessage.Call Checked(PbmMessage.Call call) =>
        call.Palette.Length <= PbmLimits.NameLengthMax && call.Command.Length <= PbmLimits.NameLengthMax && call.Switches.Count <= PbmLimits.SwitchesMax
        && call.Switches.All(one => one.Key.Length <= PbmLimits.NameLengthMax && one.Value is not null)
            ? CheckId(call.Id, call) : throw Malformed("a member of the call is out of its bounds");

    private static PbmMessage.Error Checked(PbmMessage.Error error) => error.Code is < 1_000 or > 9_999 || error.Message.Length > PbmLimits.TextLengthMax
        ? throw Malformed("a member of the error is out of its bounds")
        : error.Id is { } id ? CheckId(id, error) : error;

    // Values are read here, once: later reads of the same node cannot fail.
    private static PbmMessage.Item Checked(PbmMessage.Item item)
    {
        if (item.Fields.Count > PbmLimits.FieldsMax || !IsShort(item.Text, PbmLimits.TextLengthMax))
        {
            throw Malformed("an item has too many fields or too much text");
        }

        var fields = new JsonObject();
        foreach (var (name, value) in item.Fields)
        {
            fields.Add(name, ValueOf(value, mayBeList: true));
        }

        return CheckId(item.Id, item with { Fields = fields });
    }

    private static JsonNode? ValueOf(JsonNode? value, bool mayBeList) => value switch
    {
        null => null,
        JsonArray list when mayBeList => new JsonArray([.. list.Select(one => ValueOf(one, mayBeList: false))]),
        JsonValue one when one.GetValueKind() == JsonValueKind.String => JsonValue.Create(one.GetValue<string>()),
        JsonValue one => one.DeepClone(),
        _ => throw Malformed("a field is an object"),
    };

    private static PbmCommand DefinitionOf(CommandDescription command) => new()
    {
        Name = command.Name,
        Description = command.Description,
        Items = command.Items,
        Switches = [.. command.Switches.Select(one => new PbmSwitch(
            one.Name, one.Type, one.Description, one.Letter is null ? null : one.Letter.Length == 1 ? one.Letter[0] : throw Malformed("a short form is no letter"),
            one.Required))],
        Run = (_, _) => throw new InvalidOperationException("a description does not run"),
    };

    private static T CheckId<T>(long id, T message) => id is >= 1 and <= PbmLimits.IdMax ? message : throw Malformed("its id is out of its range");

    private static bool IsShort(string? text, int lengthMax = PbmLimits.ProgramLengthMax) => text is null || text.Length <= lengthMax;

    private static PbmProtocolException Malformed(string why) =>
        new(PbmErrorCode.FrameMalformed, $"a frame is not a message of this protocol: {why}");

    private static JsonSerializerOptions MakeForm()
    {
        var form = new JsonSerializerOptions(JsonSerializerDefaults.Strict)
        {
            PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
            DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
            AllowOutOfOrderMetadataProperties = true,
            MaxDepth = PbmLimits.DepthMax,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,      // no page ever shows these bytes
        };
        form.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false));
        form.MakeReadOnly(populateMissingResolver: true);
        return form;
    }
}
