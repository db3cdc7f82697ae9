using System.Reflection;
using System.Text.RegularExpressions;
using Kyberium.Engine.Settings;

namespace Kyberium.Engine.Tests.Options;

/// <summary>Goal: options, their ranges and hocon/engine.conf cannot drift apart, in either direction.</summary>
public sealed class EngineOptionsTests
{
    private static readonly IReadOnlyList<ReferenceConfiguration.Entry> Reference = ReferenceConfiguration.Read();

    public static TheoryData<string> RangedKeys =>
        [.. Reference.Where(entry => !entry.Value.StartsWith('"')).Select(entry => entry.Key)];

    [Fact]
    public void File_and_options_have_the_same_keys_in_the_same_order()
    {
        var keys = Values(new EngineOptions()).Select(value => value.Key).ToList();

        Assert.Equal(37, keys.Count);
        Assert.Equal(keys, Reference.Select(entry => entry.Key));
    }

    [Fact]
    public void File_and_options_have_the_same_defaults() =>
        Assert.All(Values(new EngineOptions()), value =>
            Assert.Equal(ReferenceConfiguration.Parse(Entry(value.Key).Value, value.Property.PropertyType), value.Get()));

    [Fact]
    public void Every_key_says_what_it_is_in_which_unit_and_why() =>
        Assert.All(Reference, entry =>
            Assert.Matches(@"^.+\. (Text|(Count|Bytes|Duration|Fraction), .+ \.\. .+|One of [a-z, ]+)\. .+\.$", entry.Comment));

    [Fact]
    public void The_choices_in_the_file_are_the_choices_there_are()
    {
        var choices = Values(new EngineOptions()).Where(value => value.Property.PropertyType.IsEnum).ToList();

        Assert.Single(choices);
        Assert.All(choices, value => Assert.Contains(
            $" One of {string.Join(", ", Enum.GetNames(value.Property.PropertyType)).ToLowerInvariant()}. ", Entry(value.Key).Comment,
            StringComparison.Ordinal));
    }

    [Fact]
    public void A_choice_that_is_none_is_refused()
    {
        var options = new EngineOptions();
        options.Cryptography.AeadProvider = (AeadProviderChoice)4;

        Assert.Contains(
            "kyberium.engine.cryptography.aead-provider = 4: must be one of platform, intrinsics, auto",
            Assert.Throws<EngineException>(() => options.ToSettings()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_defaults_are_valid() => Assert.Equal(64, new EngineOptions().ToSettings().Shard.Count);

    // Both ends of the range that the file states are accepted, one step beyond either is refused.
    [Theory, MemberData(nameof(RangedKeys))]
    public void The_range_in_the_file_is_the_range_in_force(string key)
    {
        var options = new EngineOptions();
        var value = Values(options).Single(candidate => candidate.Key == key);
        var range = Regex.Match(Entry(key).Comment, @"(Count|Bytes|Duration|Fraction), (?<low>.+?) \.\. (?<high>.+?)\. ");
        var low = ReferenceConfiguration.Parse(range.Groups["low"].Value, value.Property.PropertyType);
        var high = Regex.IsMatch(range.Groups["high"].Value, "^[0-9]")
            ? ReferenceConfiguration.Parse(range.Groups["high"].Value, value.Property.PropertyType)
            : Values(options).Single(other => other.Key == Sibling(key, range.Groups["high"].Value)).Get();

        Assert.False(IsRefused(low), "the low end is refused");
        Assert.False(IsRefused(high!), "the high end is refused");
        Assert.True(IsRefused(Beyond(low, -1)), "below the low end is accepted");
        Assert.True(IsRefused(Beyond(high!, 1)), "above the high end is accepted");

        bool IsRefused(object candidate)
        {
            value.Set(candidate);
            try
            {
                options.ToSettings();
                return false;
            }
            catch (EngineException e) when (e.Code == EngineErrorCode.OptionsInvalid)
            {
                return e.Message.Contains($"\n  {key} = ", StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void All_problems_are_reported_at_once_with_their_keys()
    {
        var options = new EngineOptions { DataDirectory = "/var/lib/kyberium" };
        options.Keyring.Path = "/var/lib/kyberium/keys/master";
        options.Shard.Count = 0;
        options.Delivery.ResendJitter = double.NaN;
        options.Handshake.Timeout = TimeSpan.Zero;
        options.Templates.DefaultId = "";

        var error = Assert.Throws<EngineException>(() => options.ToSettings());

        Assert.Equal(EngineErrorCode.OptionsInvalid, error.Code);
        Assert.Contains("5 problems", error.Message, StringComparison.Ordinal);
        Assert.Contains("kyberium.engine.shard.count = 0: must be 1 to 4096", error.Message, StringComparison.Ordinal);
        Assert.Contains("kyberium.engine.delivery.resend-jitter = NaN", error.Message, StringComparison.Ordinal);
        Assert.Contains("kyberium.engine.handshake.timeout = 0 ms: must be 100 ms to 300000 ms", error.Message, StringComparison.Ordinal);
        Assert.Contains("kyberium.engine.templates.default-id = \"\": must be given", error.Message, StringComparison.Ordinal);
        Assert.Contains("must lie outside kyberium.engine.data-directory", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/data", "/data/k", false), InlineData("/data", "/data/../k", true), InlineData("/data/", "/data2/k", true)]
    [InlineData("/data", "/data", false), InlineData("/", "/k", false), InlineData("", "/k", true)]
    public void A_keyring_lies_outside_the_data_directory(string data, string keyring, bool accepted)
    {
        var options = new EngineOptions { DataDirectory = data };
        options.Keyring.Path = keyring;

        Assert.Equal(!accepted, Record.Exception(() => options.ToSettings()) is EngineException);
    }

    [Fact]
    public void A_passphrase_without_a_keyring_is_refused()
    {
        var options = new EngineOptions();
        options.Keyring.PassphraseFile = "/run/pass";

        Assert.Contains(
            "kyberium.engine.keyring.passphrase-file", Assert.Throws<EngineException>(() => options.ToSettings()).Message, StringComparison.Ordinal);
    }

    // Each property's own value must arrive under its own name; a swapped argument would pass every other test.
    [Fact]
    public void Settings_carry_what_the_options_said()
    {
        var options = new EngineOptions();
        var settings = options.ToSettings();
        foreach (var area in typeof(EngineOptions).GetProperties().Where(property => property.PropertyType != typeof(string)))
        {
            var from = area.GetValue(options)!;
            var to = typeof(EngineSettings).GetProperty(area.Name)!.GetValue(settings)!;
            foreach (var property in from.GetType().GetProperties())
            {
                var value = property.GetValue(from);
                Assert.Equal(Equals(value, "") ? null : value, to.GetType().GetProperty(property.Name)!.GetValue(to));
            }
        }
    }

    private static ReferenceConfiguration.Entry Entry(string key) => Reference.Single(entry => entry.Key == key);

    private static object Beyond(object value, int step) => value switch
    {
        int number => number + step,
        long number => number + step,
        double number => number + (step * 0.001),
        TimeSpan span => span + TimeSpan.FromTicks(step),
        _ => throw new InvalidOperationException(value.GetType().Name),
    };

    private static string Sibling(string key, string name) => key[..(key.LastIndexOf('.') + 1)] + name;

    private static IEnumerable<OptionValue> Values(EngineOptions options) => Values(options, "kyberium.engine");

    private static IEnumerable<OptionValue> Values(object owner, string prefix) =>
        owner.GetType().GetProperties().SelectMany(property =>
        {
            var key = $"{prefix}.{Regex.Replace(property.Name, "(?<!^)([A-Z])", "-$1").ToLowerInvariant()}";
            return property.CanWrite ? [new OptionValue(key, owner, property)] : Values(property.GetValue(owner)!, key);
        });

    private sealed record OptionValue(string Key, object Owner, PropertyInfo Property)
    {
        internal object? Get() => Property.GetValue(Owner);

        internal void Set(object value) => Property.SetValue(Owner, value);
    }
}
