using System.Diagnostics;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using System.Text;

namespace Kyberium.Engine.Tests.Keyring;

[UnsupportedOSPlatform("windows")]   // modes are a matter of Unix
public sealed class FileKeyringTests : IDisposable
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);
    private static readonly byte[] Context = "shard default/1"u8.ToArray();

    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("master.keyring");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_missing_keyring_is_never_made_by_opening_and_the_message_names_the_command()
    {
        var error = await Refusal(EngineErrorCode.KeyringMissing, () => FileKeyring.OpenAsync(Options()));

        Assert.Contains($"kyberium keyring create --path {Path}", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path));
    }

    [Fact]
    public async Task A_created_keyring_is_private_and_opens_again()
    {
        ReadOnlyMemory<byte> wrapped;
        await using (var created = await FileKeyring.CreateAsync(Options()))
        {
            wrapped = await created.WrapAsync(Key, Context);
        }

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path));
        Assert.False(File.Exists(Path + ".tmp"));
        await using var opened = await FileKeyring.OpenAsync(Options());
        Assert.Equal(Key, await opened.UnwrapAsync(wrapped, Context));
    }

    [Fact]
    public async Task An_existing_keyring_is_never_overwritten()
    {
        await (await FileKeyring.CreateAsync(Options())).DisposeAsync();
        var before = await File.ReadAllBytesAsync(Path);

        await Refusal(EngineErrorCode.RequestInvalid, () => FileKeyring.CreateAsync(Options()));

        Assert.Equal(before, await File.ReadAllBytesAsync(Path));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead), InlineData(UnixFileMode.OtherRead), InlineData(UnixFileMode.GroupWrite)]
    public async Task A_keyring_open_to_others_is_refused_and_the_message_names_chmod(UnixFileMode extra)
    {
        await (await FileKeyring.CreateAsync(Options())).DisposeAsync();
        File.SetUnixFileMode(Path, File.GetUnixFileMode(Path) | extra);

        var error = await Refusal(EngineErrorCode.KeyringUnusable, () => FileKeyring.OpenAsync(Options()));

        Assert.Contains($"chmod 600 {Path}", error.Message, StringComparison.Ordinal);
    }

    // Giving a file away takes root; any other user is refused by a file of root's before its content matters.
    [Fact]
    public async Task A_keyring_of_another_user_is_refused()
    {
        var path = Path;
        if (Environment.IsPrivilegedProcess)
        {
            await (await FileKeyring.CreateAsync(Options())).DisposeAsync();
            using var chown = Process.Start("chown", ["12345", path]);
            await chown.WaitForExitAsync();
            Assert.Equal(0, chown.ExitCode);
        }
        else
        {
            path = "/etc/passwd";
        }

        var options = new FileKeyringOptions { Path = path };
        var error = await Refusal(EngineErrorCode.KeyringUnusable, () => FileKeyring.OpenAsync(options));

        Assert.Contains("belongs to user id", error.Message, StringComparison.Ordinal);
        Assert.Contains("chmod 600", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Something_else_than_a_keyring_is_refused()
    {
        Directory.CreateDirectory(Path);
        await Refusal(EngineErrorCode.KeyringUnusable, () => FileKeyring.OpenAsync(Options()));
        Directory.Delete(Path);

        foreach (var content in new[] { [], "hello"u8.ToArray(), new byte[200], new byte[1_000_000] })
        {
            WritePrivate(Path, content);
            await Refusal(EngineErrorCode.KeyringUnusable, () => FileKeyring.OpenAsync(Options()));
        }
    }

    [Fact]
    public async Task Rotation_keeps_older_keys_and_wraps_under_the_new_one()
    {
        await using var keyring = await FileKeyring.CreateAsync(Options());
        var first = keyring.MasterKeys[0];
        var old = await keyring.WrapAsync(Key, Context);

        var second = await keyring.RotateAsync();
        var fresh = await keyring.WrapAsync(Key, Context);

        await using var reopened = await FileKeyring.OpenAsync(Options());
        Assert.Equal([second, first with { IsCurrent = false }], reopened.MasterKeys);
        Assert.Equal(Key, await reopened.UnwrapAsync(old, Context));
        Assert.Equal(Key, await reopened.UnwrapAsync(fresh, Context));
        Assert.Equal(second.Id, Convert.ToHexStringLower(fresh.Span[1..17]));
    }

    [Fact]
    public async Task A_rotation_by_another_process_is_picked_up_and_never_lost()
    {
        await using var here = await FileKeyring.CreateAsync(Options());
        await using var there = await FileKeyring.OpenAsync(Options());
        await there.RotateAsync();
        var wrapped = await there.WrapAsync(Key, Context);

        Assert.Equal(Key, await here.UnwrapAsync(wrapped, Context));
        await there.RotateAsync();
        await here.RotateAsync();
        Assert.Equal(4, here.MasterKeys.Count);
    }

    [Fact]
    public async Task Two_changes_at_once_are_refused_and_leave_the_keyring_usable()
    {
        await using var keyring = await FileKeyring.CreateAsync(Options());
        using (new FileStream(Path + ".lock", FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            await Refusal(EngineErrorCode.KeyringUnusable, () => keyring.RotateAsync());
        }

        await keyring.RotateAsync();
        Assert.Equal(2, keyring.MasterKeys.Count);
    }

    [Fact]
    public async Task A_key_of_another_keyring_is_refused()
    {
        await using var mine = await FileKeyring.CreateAsync(Options());
        await using var other = new InMemoryKeyring();
        var wrapped = await other.WrapAsync(Key, Context);

        await Refusal(EngineErrorCode.KeyringWrongKey, () => mine.UnwrapAsync(wrapped, Context).AsTask());
    }

    [Fact]
    public async Task Wrapping_twice_gives_different_bytes()
    {
        await using var keyring = await FileKeyring.CreateAsync(Options());

        Assert.NotEqual((await keyring.WrapAsync(Key, Context)).ToArray(), (await keyring.WrapAsync(Key, Context)).ToArray());
    }

    [Fact]
    public async Task Lengths_out_of_range_are_the_callers_bug()
    {
        await using var keyring = await FileKeyring.CreateAsync(Options());

        await Assert.ThrowsAsync<ArgumentException>(async () => await keyring.WrapAsync(new byte[15], Context));
        await Assert.ThrowsAsync<ArgumentException>(async () => await keyring.WrapAsync(new byte[65], Context));
        await Assert.ThrowsAsync<ArgumentException>(async () => await keyring.WrapAsync(Key, new byte[257]));
    }

    [Fact]
    public async Task A_passphrase_opens_and_only_the_right_one()
    {
        await (await FileKeyring.CreateAsync(Options("first\n"))).DisposeAsync();

        await (await FileKeyring.OpenAsync(Options("first"))).DisposeAsync();
        await Refusal(EngineErrorCode.KeyringWrongKey, () => FileKeyring.OpenAsync(Options("other")));
        await Refusal(EngineErrorCode.KeyringUnusable, () => FileKeyring.OpenAsync(Options()));
    }

    [Fact]
    public async Task A_passphrase_for_an_unprotected_keyring_is_refused()
    {
        await (await FileKeyring.CreateAsync(Options())).DisposeAsync();

        await Refusal(EngineErrorCode.KeyringUnusable, () => FileKeyring.OpenAsync(Options("first")));
    }

    [Fact]
    public async Task A_protected_keyring_rotates_without_asking_again()
    {
        await using (var keyring = await FileKeyring.CreateAsync(Options("first")))
        {
            await keyring.RotateAsync();
        }

        await using var reopened = await FileKeyring.OpenAsync(Options("first"));
        Assert.Equal(2, reopened.MasterKeys.Count);
    }

    [Fact]
    public async Task A_systemd_credential_may_belong_to_a_group_but_not_to_all()
    {
        var credential = _folder.File("kyberium");
        WritePrivate(credential, "first"u8);
        File.SetUnixFileMode(credential, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var options = new FileKeyringOptions
        {
            Path = Path,
            PassphraseFile = "$CREDENTIALS_DIRECTORY/kyberium",
            CredentialsDirectory = System.IO.Path.GetDirectoryName(credential),
            PassphraseIterations = 100_000,
        };
        await (await FileKeyring.CreateAsync(options)).DisposeAsync();
        await (await FileKeyring.OpenAsync(Options("first"))).DisposeAsync();

        File.SetUnixFileMode(credential, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        await Refusal(EngineErrorCode.KeyringUnusable, () => FileKeyring.OpenAsync(options));
    }

    [Theory, InlineData("$CREDENTIALS_DIRECTORY/../x"), InlineData("$CREDENTIALS_DIRECTORY/.."), InlineData("$CREDENTIALS_DIRECTORY/")]
    public async Task A_credential_name_cannot_leave_its_folder(string file)
    {
        var options = new FileKeyringOptions { Path = Path, PassphraseFile = file, CredentialsDirectory = "/" };

        await Refusal(EngineErrorCode.KeyringUnusable, () => FileKeyring.CreateAsync(options));
    }

    private static async Task<EngineException> Refusal(EngineErrorCode code, Func<Task> act)
    {
        var error = await Assert.ThrowsAsync<EngineException>(act);
        Assert.Equal(code, error.Code);
        return error;
    }

    private static void WritePrivate(string path, ReadOnlySpan<byte> content)
    {
        File.WriteAllBytes(path, content);
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private FileKeyringOptions Options(string? passphrase = null)
    {
        if (passphrase is null)
        {
            return new FileKeyringOptions { Path = Path };
        }

        var file = _folder.File("passphrase");
        WritePrivate(file, Encoding.UTF8.GetBytes(passphrase));
        return new FileKeyringOptions { Path = Path, PassphraseFile = file, PassphraseIterations = 100_000 };
    }
}
