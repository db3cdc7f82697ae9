namespace Kyberium.Engine.Templates;

/// <summary>Builds a policy from merged values and checks the rules that join several of them.</summary>
internal static class PolicyRules
{
    /// <returns>The policy, or <see langword="null"/> after reporting why there is none.</returns>
    internal static Policy? Build(
        TemplateDocument document, IReadOnlyDictionary<string, LocatedValue> values, List<TemplateProblem> problems)
    {
        var missing = TemplateKeys.All.Where(key => !values.ContainsKey(key.Path)).ToList();
        foreach (var key in missing)
        {
            problems.Add(new TemplateProblem(
                document.File, $"$.{key.Path}", 0, $"is missing here and in what this extends; it must be {key.Allowed}"));
        }

        if (missing.Count > 0)
        {
            return null;
        }

        var before = problems.Count;
        Check(document, values, problems);
        return problems.Count == before ? Build(values) : null;
    }

    private static void Check(
        TemplateDocument document, IReadOnlyDictionary<string, LocatedValue> values, List<TemplateProblem> problems)
    {
        // The peer takes a rekey over at 1.1 times the soft age; that must come before the hard stop.
        Require(TemplateKeys.AgeSoft.Of(values) * 11 <= TemplateKeys.AgeHard.Of(values) * 10, TemplateKeys.AgeSoft,
            "times 1.1 must not exceed rekey.ageHardSeconds");
        Require(TemplateKeys.RecordsSoft.Of(values) < TemplateKeys.RecordsHard.Of(values), TemplateKeys.RecordsSoft,
            "must be below rekey.recordsHard");
        Require(TemplateKeys.BytesSoft.Of(values) < TemplateKeys.BytesHard.Of(values), TemplateKeys.BytesSoft,
            "must be below rekey.bytesHard");
        Require(TemplateKeys.ResendInitial.Of(values) <= TemplateKeys.ResendMax.Of(values), TemplateKeys.ResendInitial,
            "must not exceed resend.backOffMaxMillis");
        Require(TemplateKeys.PayloadBytes.Of(values) <= TemplateKeys.OutboxBytes.Of(values), TemplateKeys.OutboxBytes,
            "must hold at least one message of payloadBytesMax");
        Require(TemplateKeys.PayloadBytes.Of(values) <= TemplateKeys.InboxBytes.Of(values), TemplateKeys.InboxBytes,
            "must hold at least one message of payloadBytesMax");
        Require(!TemplateKeys.RequireHybrid.Of(values) || TemplateKeys.Suites.Of(values).All(SuiteNames.IsHybrid),
            TemplateKeys.Suites, "must be hybrid ones only, as requireHybrid is true");

        void Require(bool holds, TemplateKey key, string rule)
        {
            if (!holds)
            {
                var at = values[key.Path];
                var origin = at.File == document.File ? "" : $" (value from {at.File}:{at.Line})";
                problems.Add(new TemplateProblem(document.File, at.Path, at.File == document.File ? at.Line : 0, rule + origin));
            }
        }
    }

    private static Policy Build(IReadOnlyDictionary<string, LocatedValue> values) => new()
    {
        Suites = new ValueList<Suite>(TemplateKeys.Suites.Of(values)),
        RequireHybrid = TemplateKeys.RequireHybrid.Of(values),
        Rekey = new RekeyLimits(
            TimeSpan.FromSeconds(TemplateKeys.AgeSoft.Of(values)),
            TimeSpan.FromSeconds(TemplateKeys.AgeHard.Of(values)),
            TemplateKeys.RecordsSoft.Of(values), TemplateKeys.RecordsHard.Of(values),
            TemplateKeys.BytesSoft.Of(values), TemplateKeys.BytesHard.Of(values)),
        PreviousEpochKeep = TimeSpan.FromSeconds(TemplateKeys.PreviousEpochKeep.Of(values)),
        UnchainedHandshake = TemplateKeys.Unchained.Of(values),
        TrustOnFirstUse = TemplateKeys.TrustOnFirstUse.Of(values),
        Padding = TemplateKeys.Padding.Of(values),
        MessageExpiry = TimeSpan.FromSeconds(TemplateKeys.MessageExpiry.Of(values)),
        Outbox = new QueueLimits((int)TemplateKeys.OutboxCount.Of(values), TemplateKeys.OutboxBytes.Of(values)),
        Inbox = new QueueLimits((int)TemplateKeys.InboxCount.Of(values), TemplateKeys.InboxBytes.Of(values)),
        PayloadBytesMax = (int)TemplateKeys.PayloadBytes.Of(values),
        HandlerAttemptsMax = (int)TemplateKeys.HandlerAttempts.Of(values),
        Resend = new ResendPolicy(
            TimeSpan.FromMilliseconds(TemplateKeys.ResendInitial.Of(values)),
            TimeSpan.FromMilliseconds(TemplateKeys.ResendMax.Of(values))),
        AeadProvider = TemplateKeys.Aead.Of(values),
    };
}
