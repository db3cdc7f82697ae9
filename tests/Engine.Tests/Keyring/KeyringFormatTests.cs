using System.Text.RegularExpressions;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Keyring;

namespace Kyberium.Engine.Tests.Keyring;

/// <summary>Goal: docs/formats/keyring.md is what the code reads and writes, byte for byte. Its examples come from an
/// independent implementation.</summary>
public sealed class KeyringFormatTests
{
    private static readonly byte[] StoreId = Run(0xe0, 16);

    private static readonly MasterKey Older =
        new(MasterKeyId.Read(Run(0x10, 16)), new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), SecretBytes.CopyOf(Run(0x40, 32)));

    private static readonly MasterKey Current =
        new(MasterKeyId.Read(Run(0x20, 16)), new DateTimeOffset(2026, 2, 1, 0, 0, 0, TimeSpan.Zero), SecretBytes.CopyOf(Run(0x60, 32)));

    private static readonly MasterKeySet Keys = new([Current, Older]);

    [Fact]
    public void A_wrapped_key_is_as_documented()
    {
        var wrapped = KeyWrapping.Wrap(Current, Run(0x80, 32), Run(0, 32), "shard default/7"u8);

        Assert.Equal(Example("wrapped"), Convert.ToHexStringLower(wrapped));
        Assert.Equal(Current.Id, KeyWrapping.ReadMasterKeyId(wrapped));
        Assert.Equal(Run(0, 32), KeyWrapping.Unwrap(Current, wrapped, "shard default/7"u8));
    }

    [Fact]
    public void A_keyring_without_passphrase_is_as_documented()
    {
        var file = KeyringFile.Encode(Keys, null, Run(1, 32));

        Assert.Equal(Example("file"), Convert.ToHexStringLower(file));
        AssertSameKeys(KeyringFile.Decode(file, null, "k"));
    }

    [Fact]
    public void A_keyring_with_passphrase_is_as_documented()
    {
        using var passphrase = PassphraseKey.Derive("correct horse battery staple"u8, Run(0xa0, 32), 100_000);
        var file = KeyringFile.Encode(Keys, passphrase, Run(0xc0, 32));

        Assert.Equal(Example("protected-file"), Convert.ToHexStringLower(file));
        Assert.True(KeyringFile.ReadProtection(file, "k").Matches(passphrase));
        AssertSameKeys(KeyringFile.Decode(file, passphrase, "k"));
    }

    [Fact]
    public void A_witness_file_is_as_documented()
    {
        ShardWitness[] witnesses =
        [
            new(new ShardId("default", 7), new Fence(3), Repeat(0xaa), new LogPosition(1_000)),
            new(ShardId.Directory, new Fence(2), Repeat(0xbb), new LogPosition(5)),
        ];
        var file = WitnessFile.Encode(StoreId, Current, witnesses);

        Assert.Equal(Example("witness"), Convert.ToHexStringLower(file));
        Assert.Equal(Current.Id, WitnessFile.ReadMasterKeyId(file, StoreId, "w"));
        var read = WitnessFile.Decode(file, StoreId, Current, "w");
        Assert.Equal(witnesses.Select(Print), read.Select(Print));
    }

    [Fact]
    public void A_witness_file_of_a_store_that_was_gone_on_from_is_as_documented()
    {
        ShardWitness[] witnesses =
        [
            new(new ShardId("default", 7), new Fence(3), Repeat(0xaa), new LogPosition(1_000)) { Generation = 1 },
            new(ShardId.Directory, new Fence(2), Repeat(0xbb), new LogPosition(5)),
        ];
        var file = WitnessFile.Encode(StoreId, Current, witnesses);

        Assert.Equal(Example("witness-2"), Convert.ToHexStringLower(file));
        Assert.Equal(witnesses.Select(Print), WitnessFile.Decode(file, StoreId, Current, "w").Select(Print));
    }

    [Theory, InlineData("file"), InlineData("protected-file")]
    public void Any_flipped_byte_of_a_keyring_is_noticed(string example)
    {
        using var passphrase = PassphraseKey.Derive("correct horse battery staple"u8, Run(0xa0, 32), 100_000);
        var sound = Convert.FromHexString(Example(example));
        for (var position = 0; position < sound.Length; position++)
        {
            var file = sound.ToArray();
            file[position] ^= 0x41;
            var error = Assert.Throws<EngineException>(() => KeyringFile.ReadProtection(file, "k"));
            Assert.Equal(EngineErrorCode.KeyringUnusable, error.Code);
        }
    }

    [Fact]
    public void Any_flipped_byte_of_a_witness_file_is_noticed()
    {
        var sound = Convert.FromHexString(Example("witness"));
        for (var position = 0; position < sound.Length; position++)
        {
            var file = sound.ToArray();
            file[position] ^= 0x41;
            var error = Assert.Throws<EngineException>(() =>
            {
                _ = WitnessFile.ReadMasterKeyId(file, StoreId, "w") == Current.Id
                    ? WitnessFile.Decode(file, StoreId, Current, "w")
                    : throw KeyringErrors.UnknownMasterKey(default, "test");
            });
            var isMasterKeyId = position is >= 25 and < 41;
            Assert.Equal(isMasterKeyId ? EngineErrorCode.KeyringWrongKey : EngineErrorCode.KeyringUnusable, error.Code);
        }
    }

    [Fact]
    public void Any_flipped_byte_or_cut_of_a_wrapped_key_is_refused()
    {
        var sound = Convert.FromHexString(Example("wrapped"));
        for (var position = 0; position < sound.Length; position++)
        {
            var changed = sound.ToArray();
            changed[position] ^= 0x41;
            AssertRefused(changed);
            AssertRefused(sound[..position]);
        }

        static void AssertRefused(byte[] wrapped)
        {
            var error = Assert.Throws<EngineException>(() =>
            {
                var id = KeyWrapping.ReadMasterKeyId(wrapped);
                return KeyWrapping.Unwrap(Keys.Find(id) ?? Older, wrapped, "shard default/7"u8);
            });
            Assert.Equal(EngineErrorCode.KeyringWrongKey, error.Code);
        }
    }

    private static void AssertSameKeys(MasterKeySet read)
    {
        Assert.Equal(Keys.Keys.Select(k => (k.Id, k.CreatedAt)), read.Keys.Select(k => (k.Id, k.CreatedAt)));
        Assert.All(read.Keys, key => Assert.True(key.Secret.FixedTimeEquals(Keys.Find(key.Id)!.Secret)));
    }

    private static string Print(ShardWitness w) =>
        $"{w.Shard} {w.Generation} {w.Fence.Value} {Convert.ToHexString(w.Tenure.Span)} {w.Position.Value}";

    private static string Example(string name)
    {
        var page = RepositoryFiles.Read("docs/formats/keyring.md");
        var block = Regex.Match(page, $"```hex {name}\n(?<hex>[0-9a-f\n]+)```");
        Assert.True(block.Success, $"docs/formats/keyring.md has no example '{name}'");
        return block.Groups["hex"].Value.Replace("\n", "", StringComparison.Ordinal);
    }

    private static byte[] Run(int from, int count) => [.. Enumerable.Range(from, count).Select(value => (byte)value)];

    private static byte[] Repeat(byte value) => [.. Enumerable.Repeat(value, 32)];
}
