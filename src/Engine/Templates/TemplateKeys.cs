using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;

namespace Kyberium.Engine.Templates;

/// <summary>Every value a template gives, with its range. Ceilings come from PROTOCOL section 6 and from the record's size.</summary>
internal static class TemplateKeys
{
    internal const int PayloadBytesCeiling = 1 << 20;

    internal static readonly TemplateKey<ImmutableArray<Suite>> Suites = new(
        "suites", $"1 to {SuiteNames.Count} different of {string.Join(", ", SuiteNames.All)}", source => ReadSuites(source));

    internal static readonly TemplateKey<bool> RequireHybrid = Flag("requireHybrid");
    internal static readonly TemplateKey<long> AgeSoft = Number("rekey.ageSoftSeconds", 60, 98_181);
    internal static readonly TemplateKey<long> AgeHard = Number("rekey.ageHardSeconds", 66, 108_000);
    internal static readonly TemplateKey<long> RecordsSoft = Number("rekey.recordsSoft", 1_024, (1 << 23) - 1);
    internal static readonly TemplateKey<long> RecordsHard = Number("rekey.recordsHard", 1_025, 1 << 23);
    internal static readonly TemplateKey<long> BytesSoft = Number("rekey.bytesSoft", 1 << 24, (1L << 37) - 1);
    internal static readonly TemplateKey<long> BytesHard = Number("rekey.bytesHard", (1 << 24) + 1, 1L << 37);
    internal static readonly TemplateKey<long> PreviousEpochKeep = Number("previousEpochKeepSeconds", 30, 180);

    internal static readonly TemplateKey<UnchainedHandshake> Unchained = Choice(
        "unchainedHandshake",
        ("allow", UnchainedHandshake.Allow), ("hold", UnchainedHandshake.Hold), ("refuse", UnchainedHandshake.Refuse));

    internal static readonly TemplateKey<bool> TrustOnFirstUse = Flag("trustOnFirstUse");

    internal static readonly TemplateKey<Padding> Padding = new(
        "padding",
        $"\"none\" or 1 to 16 ascending block sizes, {Templates.Padding.BlockSizeMin} .. {Templates.Padding.BlockSizeMax}",
        ReadPadding);

    internal static readonly TemplateKey<long> MessageExpiry = Number("messageExpirySeconds", 1, 315_360_000);
    internal static readonly TemplateKey<long> OutboxCount = Number("outbox.countMax", 1, 1_000_000);
    internal static readonly TemplateKey<long> OutboxBytes = Number("outbox.bytesMax", 1_024, 1L << 34);
    internal static readonly TemplateKey<long> InboxCount = Number("inbox.countMax", 1, 1_000_000);
    internal static readonly TemplateKey<long> InboxBytes = Number("inbox.bytesMax", 1_024, 1L << 34);
    internal static readonly TemplateKey<long> PayloadBytes = Number("payloadBytesMax", 1, PayloadBytesCeiling);
    internal static readonly TemplateKey<long> HandlerAttempts = Number("handlerAttemptsMax", 1, 100);
    internal static readonly TemplateKey<long> ResendInitial = Number("resend.initialMillis", 10, 60_000);
    internal static readonly TemplateKey<long> ResendMax = Number("resend.backOffMaxMillis", 10, 3_600_000);

    internal static readonly TemplateKey<AeadProviderChoice> Aead = Choice(
        "aeadProvider",
        ("platform", AeadProviderChoice.Platform), ("intrinsics", AeadProviderChoice.Intrinsics), ("auto", AeadProviderChoice.Auto));

    /// <summary>Gets every key, in the order of docs/formats/template.md.</summary>
    internal static ImmutableArray<TemplateKey> All { get; } =
    [
        Suites, RequireHybrid, AgeSoft, AgeHard, RecordsSoft, RecordsHard, BytesSoft, BytesHard, PreviousEpochKeep, Unchained,
        TrustOnFirstUse, Padding, MessageExpiry, OutboxCount, OutboxBytes, InboxCount, InboxBytes, PayloadBytes,
        HandlerAttempts, ResendInitial, ResendMax, Aead,
    ];

    private static TemplateKey<bool> Flag(string path) => new(path, "true or false", source => source.Kind switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False => false,
        _ => null,
    });

    private static TemplateKey<long> Number(string path, long min, long max) => new(
        path,
        string.Create(CultureInfo.InvariantCulture, $"{min} .. {max}"),
        source => source.Integer is { } number && number >= min && number <= max ? number : null);

    private static TemplateKey<T> Choice<T>(string path, params (string Name, T Value)[] choices)
        where T : struct, Enum => new(
        path,
        string.Join(", ", choices.Select(choice => $"\"{choice.Name}\"")),
        source =>
        {
            foreach (var (name, value) in choices)
            {
                if (source.Kind == JsonTokenType.String && source.Text == name)
                {
                    return value;
                }
            }

            return null;
        });

    private static ImmutableArray<Suite>? ReadSuites(SourceValue source)
    {
        var suites = ImmutableArray.CreateBuilder<Suite>();
        foreach (var item in source.Items)
        {
            if (item.Kind != JsonTokenType.String || SuiteNames.Find(item.Text) is not { } suite || suites.Contains(suite))
            {
                return null;
            }

            suites.Add(suite);
        }

        return suites.Count > 0 ? suites.ToImmutable() : null;
    }

    private static Padding? ReadPadding(SourceValue source)
    {
        if (source is { Kind: JsonTokenType.String, Text: "none" })
        {
            return Templates.Padding.None;
        }

        var sizes = ImmutableArray.CreateBuilder<int>();
        foreach (var item in source.Items)
        {
            var floor = sizes.Count == 0 ? Templates.Padding.BlockSizeMin : sizes[^1] + 1;
            if (item.Integer is not { } size || size < floor || size > Templates.Padding.BlockSizeMax)
            {
                return null;
            }

            sizes.Add((int)size);
        }

        return sizes.Count is > 0 and <= 16 ? new Padding(new ValueList<int>(sizes.ToImmutable())) : null;
    }
}
