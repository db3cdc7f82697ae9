using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Kyberium.Engine.Templates;

namespace Kyberium.Engine.Tests.Templates;

public sealed class TemplateTests
{
    private static readonly string Default = RepositoryFiles.Read("src/Engine/Templates/levels/default.json");

    [Fact]
    public void The_shipped_templates_load_and_strict_inherits_what_it_does_not_say()
    {
        var store = TemplateStore.Load(null);
        var strict = store.Get("strict").Policy;
        var basis = store.Get("default").Policy;

        Assert.Equal(["default", "strict"], store.All.Select(template => template.Ref.Id));
        Assert.Equal(Suite.MLKem1024P384, Assert.Single(strict.Suites.Items));
        Assert.Equal(TimeSpan.FromHours(1), strict.Rekey.AgeSoft);
        Assert.Equal(basis.Rekey.BytesSoft, strict.Rekey.BytesSoft);
        Assert.Equal(basis.Outbox, strict.Outbox);
        Assert.Equal(UnchainedHandshake.Hold, strict.UnchainedHandshake);
    }

    [Fact]
    public void The_default_template_is_the_protocols_defaults()
    {
        var policy = TemplateStore.Load(null).Get("default").Policy;

        Assert.Equal(
            new RekeyLimits(TimeSpan.FromHours(24), TimeSpan.FromHours(30), 1 << 22, 1 << 23, 1L << 36, 1L << 37), policy.Rekey);
        Assert.Equal(TimeSpan.FromSeconds(180), policy.PreviousEpochKeep);
    }

    [Fact]
    public void The_shipped_templates_lie_beside_the_engine_for_operators_to_read() =>
        Assert.Equal(Default, File.ReadAllText(Path.Join(AppContext.BaseDirectory, "levels", "default.json")));

    [Fact]
    public async Task A_directory_adds_templates_but_cannot_replace_shipped_ones()
    {
        var folder = Directory.CreateTempSubdirectory("kyberium-");
        try
        {
            await File.WriteAllTextAsync(Path.Join(folder.FullName, "branch.json"), Child("branch", "strict"));
            Assert.Equal("branch", TemplateStore.Load(folder.FullName).Get("branch").Ref.Id);

            await File.WriteAllTextAsync(Path.Join(folder.FullName, "default.json"), Default);
            var error = Assert.Throws<EngineException>(() => TemplateStore.Load(folder.FullName));
            Assert.Contains("'default' is taken by default.json", error.Message.Replace("levels/", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void An_unknown_id_names_those_there_are()
    {
        var store = TemplateStore.Load(null);

        var error = Assert.Throws<EngineException>(() => store.Get("lax"));
        Assert.Equal(EngineErrorCode.TemplateInvalid, error.Code);
        Assert.Contains("default, strict", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_problems_of_all_files_are_reported_together_with_file_line_and_path()
    {
        var bad = """
            {
              "id": "bad",
              "version": 0,
              "description": "x",
              "extends": "defualt",
              "rekey": {
                "ageSoftSecond": 1,
                "recordsHard": 8388609
              },
              "padding": [256, 256],
              "padding": "none"
            }
            """;
        var message = Refuse(("default.json", Default), ("bad.json", bad), ("cut.json", "{\n \"id\""));

        Assert.Contains("bad.json:3: $.version: must be given: 1 .. 2147483647", message, StringComparison.Ordinal);
        Assert.Contains("bad.json:5: $.extends: there is no template 'defualt'; did you mean 'default'?", message, StringComparison.Ordinal);
        Assert.Contains("bad.json:7: $.rekey.ageSoftSecond: is not a known key; did you mean 'rekey.ageSoftSeconds'?", message, StringComparison.Ordinal);
        Assert.Contains("bad.json:8: $.rekey.recordsHard: must be 1025 .. 8388608", message, StringComparison.Ordinal);
        Assert.Contains("bad.json:10: $.padding: must be \"none\" or", message, StringComparison.Ordinal);
        Assert.Contains("bad.json:11: $.padding: is given twice", message, StringComparison.Ordinal);
        Assert.Contains("cut.json:2: $: is not JSON", message, StringComparison.Ordinal);
        Assert.Contains("7 problems", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_without_parent_must_give_every_key()
    {
        var message = Refuse(("bare.json", """{"id": "bare", "version": 1, "description": "x"}"""));

        Assert.All(TemplateKeys.All, key => Assert.Contains($"$.{key.Path}: is missing", message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_circle_is_refused()
    {
        var message = Refuse(("a.json", Child("a", "b")), ("b.json", Child("b", "a")));

        Assert.Contains("a -> b -> a", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Eight_may_stand_above_each_other_and_nine_may_not()
    {
        List<(string, string)> chain = [("default.json", Default)];
        for (var level = 1; level < TemplateResolver.DepthMax; level++)
        {
            chain.Add(($"t{level}.json", Child($"t{level}", level == 1 ? "default" : $"t{level - 1}")));
        }

        Assert.Equal(TemplateResolver.DepthMax, Resolve([.. chain]).Count);
        chain.Add(("deep.json", Child("deep", $"t{TemplateResolver.DepthMax - 1}")));
        Assert.Contains("9th template in a row", Refuse([.. chain]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"rekey\": {\"ageSoftSeconds\": 98181, \"ageHardSeconds\": 107999}", "$.rekey.ageSoftSeconds: times 1.1")]
    [InlineData("\"rekey\": {\"recordsSoft\": 2000, \"recordsHard\": 2000}", "$.rekey.recordsSoft: must be below")]
    [InlineData("\"rekey\": {\"bytesHard\": 68719476736}", "$.rekey.bytesSoft: must be below rekey.bytesHard (value from default.json:")]
    [InlineData("\"suites\": [\"MLKEM768\"]", "$.suites: must be hybrid ones only")]
    [InlineData("\"suites\": [\"MLKEM768P256\", \"MLKEM768P256\"]", "$.suites: must be 1 to 5 different")]
    [InlineData("\"aeadProvider\": \"other\"", "$.aeadProvider: must be \"platform\", \"intrinsics\", \"auto\"")]
    [InlineData("\"outbox\": {\"bytesMax\": 4096}", "$.outbox.bytesMax: must hold at least one message")]
    [InlineData("\"resend\": {\"initialMillis\": 60000}", "$.resend.initialMillis: must not exceed")]
    [InlineData("\"previousEpochKeepSeconds\": 180.5", "$.previousEpochKeepSeconds: must be 30 .. 180")]
    [InlineData("\"trustOnFirstUse\": \"yes\"", "$.trustOnFirstUse: must be true or false")]
    [InlineData("\"rekey\": 7", "$.rekey: must be an object")]
    public void A_value_that_breaks_a_rule_is_refused(string member, string problem)
    {
        var child = Child("child", "default").TrimEnd('}') + ", " + member + "}";

        Assert.Contains(problem, Refuse(("default.json", Default), ("child.json", child)), StringComparison.Ordinal);
    }

    [Fact]
    public void The_document_lists_each_key_with_its_range_in_order()
    {
        var page = RepositoryFiles.Read("docs/formats/template.md");
        var table = page[page.IndexOf("| key | allowed", StringComparison.Ordinal)..page.IndexOf("## 2.", StringComparison.Ordinal)];
        var rows = Regex.Matches(table, @"^\| `(?<key>[^`]+)` \| (?<allowed>[^|]+) \|", RegexOptions.Multiline);

        Assert.Equal(
            TemplateKeys.All.Select(key => (key.Path, key.Allowed)),
            rows.Select(row => (row.Groups["key"].Value, row.Groups["allowed"].Value)));
    }

    [Fact]
    public void The_frozen_default_is_as_documented()
    {
        var template = TemplateStore.Load(null).Get("default");
        var block = Regex.Match(RepositoryFiles.Read("docs/formats/template.md"), "```hex frozen-default\n(?<hex>[0-9a-f\n]+)```");

        Assert.Equal(
            block.Groups["hex"].Value.Replace("\n", "", StringComparison.Ordinal),
            Convert.ToHexStringLower(PolicyEncoding.Encode(new FrozenPolicy(template.Ref, template.Policy))));
    }

    [Fact]
    public void Any_policy_survives_its_encoding() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Policies.ToArbitrary(), frozen =>
        {
            var bytes = PolicyEncoding.Encode(frozen);
            return PolicyEncoding.TryDecode(bytes, out var read) == PolicyDecoding.Done
                && read == frozen && PolicyEncoding.Encode(read!).AsSpan().SequenceEqual(bytes);
        }));

    // Goal: canonical. Whatever bytes are read, they are those that writing gives again.
    [Fact]
    public void Changed_or_cut_bytes_are_refused_or_mean_exactly_themselves() =>
        Check.One(Config.QuickThrowOnFailure, Prop.ForAll(Policies.ToArbitrary(), frozen =>
        {
            var bytes = PolicyEncoding.Encode(frozen);
            Assert.Equal(PolicyDecoding.Malformed, PolicyEncoding.TryDecode([.. bytes, 0], out _));
            for (var position = 0; position < bytes.Length; position++)
            {
                Assert.Equal(PolicyDecoding.Malformed, PolicyEncoding.TryDecode(bytes.AsSpan(0, position), out _));
                var changed = bytes.ToArray();
                changed[position] ^= 0x83;
                if (PolicyEncoding.TryDecode(changed, out var read) == PolicyDecoding.Done)
                {
                    Assert.Equal(changed, PolicyEncoding.Encode(read!));
                }
            }
        }));

    [Fact]
    public void A_newer_encoding_is_told_from_a_malformed_one() =>
        Assert.Equal(PolicyDecoding.VersionUnsupported, PolicyEncoding.TryDecode([2], out _));

    [Theory, InlineData(0, 256), InlineData(256, 256), InlineData(257, 1_000), InlineData(1_001, 2_000), InlineData(2_001, 3_000)]
    public void Padding_takes_the_next_block_and_then_multiples_of_the_largest(int size, int padded)
    {
        Assert.Equal(padded, new Padding(new ValueList<int>([256, 1_000])).PaddedSize(size));
        Assert.Equal(size, Padding.None.PaddedSize(size));
    }

    private static Gen<FrozenPolicy> Policies =>
        from suites in Gen.SubListOf(Enum.GetValues<Suite>()).Where(list => list.Count > 0)
        from blocks in Gen.SubListOf(16, 256, 1_000, 4_096, 65_535)
        from flags in Gen.Choose(0, 3)
        from choices in Gen.Choose(1, 3).Two()
        from numbers in Gen.Choose(0, int.MaxValue).ArrayOf(16)
        from id in Gen.Elements("a", "default", "a-1", new string('z', 64))
        select new FrozenPolicy(new TemplateRef(id, numbers[0]), new Policy
        {
            Suites = new ValueList<Suite>([.. suites]),
            Padding = new Padding(new ValueList<int>([.. blocks])),
            RequireHybrid = (flags & 1) == 1,
            TrustOnFirstUse = (flags & 2) == 2,
            UnchainedHandshake = (UnchainedHandshake)choices.Item1,
            AeadProvider = (AeadProviderChoice)choices.Item2,
            Rekey = new RekeyLimits(
                TimeSpan.FromSeconds(numbers[1]), TimeSpan.FromSeconds(numbers[2]),
                numbers[3], numbers[4] * 2L, numbers[5] * 1_024L, numbers[6] * 4_096L),
            PreviousEpochKeep = TimeSpan.FromSeconds(numbers[7]),
            MessageExpiry = TimeSpan.FromSeconds(numbers[8]),
            Outbox = new QueueLimits(numbers[9], numbers[10] * 3L),
            Inbox = new QueueLimits(numbers[11], numbers[12] * 5L),
            PayloadBytesMax = numbers[13],
            HandlerAttemptsMax = numbers[14] % 101,
            Resend = new ResendPolicy(TimeSpan.FromMilliseconds(numbers[14]), TimeSpan.FromMilliseconds(numbers[15])),
        });

    private static string Child(string id, string parent) =>
        $$"""{"id": "{{id}}", "version": 1, "description": "x", "extends": "{{parent}}"}""";

    private static ImmutableDictionary<string, Template> Resolve(params (string File, string Json)[] files) =>
        TemplateResolver.Resolve(files.Select(file => new TemplateSource(file.File, Encoding.UTF8.GetBytes(file.Json))));

    private static string Refuse(params (string File, string Json)[] files)
    {
        var error = Assert.Throws<EngineException>(() => Resolve(files));
        Assert.Equal(EngineErrorCode.TemplateInvalid, error.Code);
        return error.Message;
    }
}
