using System.Diagnostics;
using System.Security.Cryptography;

namespace Kyberium.Engine.Sqlite.Tests.Engines;

/// <summary>What an operator meets: stores and keyrings that are missing, foreign, newer, locked, read-only or full.</summary>
public sealed class StoreTroubleTests : IAsyncLifetime
{
    private Node _alice = null!;
    private Node _bob = null!;

    public async Task InitializeAsync()
    {
        (_alice, _bob) = await Node.PairAsync();
        await _alice.SendAsync(_bob, "before");
        Assert.Equal(["before"], await _bob.ReceiveAsync(1));
        await _alice.StopAsync();
    }

    public async Task DisposeAsync()
    {
        await _alice.DisposeAsync();
        await _bob.DisposeAsync();
    }

    [Fact]
    public async Task A_missing_keyring_refuses_to_start_makes_none_and_going_on_with_the_right_one_loses_nothing()
    {
        var aside = _alice.KeyringPath + ".aside";
        File.Move(_alice.KeyringPath, aside);
        var failure = await Node.FailsAsync(EngineErrorCode.KeyringMissing, () => _alice.StartAsync());
        Assert.Contains(_alice.KeyringPath, failure.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(_alice.KeyringPath));

        File.Move(aside, _alice.KeyringPath);
        await GoesOnAsync();
    }

    [Fact]
    public async Task A_keyring_that_others_may_read_refuses_to_start_and_names_the_command_that_repairs_it()
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        File.SetUnixFileMode(_alice.KeyringPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        var failure = await Node.FailsAsync(EngineErrorCode.KeyringUnusable, () => _alice.StartAsync());
        Assert.Contains($"chmod 600 {_alice.KeyringPath}", failure.Message, StringComparison.Ordinal);

        File.SetUnixFileMode(_alice.KeyringPath, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await GoesOnAsync();
    }

    [Fact]
    public async Task A_damaged_keyring_refuses_to_start_at_every_byte_that_is_changed()
    {
        var sound = await File.ReadAllBytesAsync(_alice.KeyringPath);
        for (var offset = 0; offset < sound.Length; offset++)
        {
            var damaged = (byte[])sound.Clone();
            damaged[offset] ^= 0x20;
            await File.WriteAllBytesAsync(_alice.KeyringPath, damaged);
            var failure = await Assert.ThrowsAsync<EngineException>(() => _alice.StartAsync());
            Assert.True(
                failure.Code is EngineErrorCode.KeyringUnusable or EngineErrorCode.KeyringWrongKey, $"byte {offset}: {failure.Message}");
        }

        await File.WriteAllBytesAsync(_alice.KeyringPath, sound);
        await GoesOnAsync();
    }

    [Fact]
    public async Task Another_keyring_and_another_s_data_directory_are_refused_and_both_go_on_with_their_own()
    {
        var own = _alice.KeyringPath;
        _alice.KeyringPath = Path.Combine(_alice.Folder, "other", "keyring");
        await _alice.MakeKeyringAsync();
        await Node.FailsAsync(EngineErrorCode.KeyringWrongKey, () => _alice.StartAsync());
        _alice.KeyringPath = own;

        await _bob.StopAsync();
        var ownData = _alice.DataDirectory;
        _alice.DataDirectory = _bob.DataDirectory;
        await Node.FailsAsync(EngineErrorCode.KeyringWrongKey, () => _alice.StartAsync());
        _alice.DataDirectory = ownData;

        await _bob.StartAsync();
        await GoesOnAsync();
    }

    [Fact]
    public async Task A_start_that_is_refused_leaves_the_store_as_it_was()
    {
        var older = _alice.CopyStore("older");
        await _alice.StartAsync();
        await _alice.SendAsync(_bob, "after");
        await _alice.StopAsync();
        var (store, keyring) = (_alice.DataDirectory, _alice.KeyringPath);

        _alice.KeyringPath = Path.Combine(_alice.Folder, "other", "keyring");
        await _alice.MakeKeyringAsync();
        await RefusedUntouchedAsync(EngineErrorCode.KeyringWrongKey);
        _alice.KeyringPath = keyring;

        _alice.Configure = options => options.Shard.Count = 3;
        await RefusedUntouchedAsync(EngineErrorCode.OptionsInvalid);
        _alice.Configure = null;

        _alice.DataDirectory = older;
        await RefusedUntouchedAsync(EngineErrorCode.StoreRolledBack);
        _alice.DataDirectory = store;

        await _alice.StartAsync();
        Assert.Equal(["after"], await _bob.ReceiveAsync(1));
    }

    [Fact]
    public async Task A_newer_layout_is_refused_untouched()
    {
        SetLayout(Schema.Version + 1);
        var failure = await Node.FailsAsync(EngineErrorCode.JournalVersionUnsupported, () => _alice.StartAsync());
        Assert.StartsWith("KY4002: ", failure.Message, StringComparison.Ordinal);
        SetLayout(Schema.Version);
        await GoesOnAsync();
    }

    [Fact]
    public async Task A_second_engine_on_the_same_directory_is_told_that_it_is_locked_and_the_first_goes_on()
    {
        await _alice.StartAsync();
        var second = new Node("second", new InMemoryNetwork()) { DataDirectory = _alice.DataDirectory, KeyringPath = _alice.KeyringPath };
        await Node.FailsAsync(EngineErrorCode.DataDirectoryLocked, () => second.StartAsync());
        await second.DisposeAsync();
        await _alice.SendAsync(_bob, "after");
        Assert.Equal(["after"], await _bob.ReceiveAsync(1));
    }

    [Fact]
    public async Task A_directory_that_cannot_be_written_is_named()
    {
        _alice.DataDirectory = "/sys/kernel";       // refuses new files whoever asks, root included
        var failure = await Node.FailsAsync(EngineErrorCode.DataDirectoryReadOnly, () => _alice.StartAsync());
        Assert.Contains("/sys/kernel", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_store_answers_so_keeps_what_it_promised_and_goes_on_when_there_is_room()
    {
        _alice.PagesMax = PagesNow() + 100;
        await _alice.StartAsync();
        _alice.Passes = static _ => false;      // nothing is acknowledged, so nothing leaves the store
        var accepted = new List<string>();
        var refused = await Assert.ThrowsAsync<EngineException>(async () =>
        {
            while (true)
            {
                var text = $"{accepted.Count}:{new string('x', 20_000)}";
                await _alice.SendAsync(_bob, text);
                accepted.Add(text);
            }
        });
        Assert.Equal(EngineErrorCode.JournalFull, refused.Code);
        Assert.True(refused.IsTransient);
        Assert.InRange(accepted.Count, 1, 40);

        await _alice.StopAsync();
        _alice.PagesMax = 0;
        _alice.Passes = static _ => true;
        await _alice.StartAsync();
        var received = await _bob.ReceiveAsync(accepted.Count);
        Assert.Equal(accepted, received);
        await _alice.SendAsync(_bob, "after");
        Assert.Equal(["after"], await _bob.ReceiveAsync(1));
    }

    /// <summary>Goal: the disk itself says that it is full, not SQLite's own bound. Needs the right to mount.</summary>
    [Fact]
    public async Task A_disk_that_runs_full_refuses_and_a_larger_one_has_everything()
    {
        var disk = Path.Combine(_alice.Folder, "disk");
        Directory.CreateDirectory(disk);
        if (!await RunsAsync("mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", disk))
        {
            return;     // not root, or in a container that may not mount: the bound of pages above says the same of the engine
        }

        var accepted = new List<string>();
        try
        {
            _alice.DataDirectory = Path.Combine(disk, "data");
            await CopyAsync(Path.Combine(_alice.Folder, "data"), _alice.DataDirectory);
            await _alice.StartAsync();
            _alice.Passes = static _ => false;
            var refused = await Assert.ThrowsAsync<EngineException>(async () =>
            {
                while (true)
                {
                    var text = $"{accepted.Count}:{new string('y', 20_000)}";
                    await _alice.SendAsync(_bob, text);
                    accepted.Add(text);
                }
            });
            Assert.True(refused.Code is EngineErrorCode.JournalFull, refused.Message);
            await _alice.StopAsync();
            await CopyAsync(_alice.DataDirectory, Path.Combine(_alice.Folder, "rescued"));
        }
        finally
        {
            await _alice.StopAsync();
            Assert.True(await RunsAsync("umount", disk));
        }

        _alice.DataDirectory = Path.Combine(_alice.Folder, "rescued");
        _alice.Passes = static _ => true;
        await _alice.StartAsync();
        Assert.Equal(accepted, await _bob.ReceiveAsync(accepted.Count));
    }

    private async Task GoesOnAsync()
    {
        await _alice.StartAsync();
        await _alice.SendAsync(_bob, "after");
        Assert.Equal(["after"], await _bob.ReceiveAsync(1));
    }

    private async Task RefusedUntouchedAsync(EngineErrorCode code)
    {
        var before = await FilesAsync();
        await Node.FailsAsync(code, () => _alice.StartAsync());
        Assert.Equal(before, await FilesAsync());
    }

    /// <summary>Lists the files of the data directory with what their bytes hash to.</summary>
    private async Task<List<string>> FilesAsync()
    {
        var files = new List<string>();
        foreach (var file in Directory.GetFiles(_alice.DataDirectory).Order(StringComparer.Ordinal))
        {
            files.Add($"{Path.GetFileName(file)} {Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(file)))}");
        }

        return files;
    }

    private void SetLayout(long version)
    {
        using var connection = Connection.Open(Path.Combine(_alice.DataDirectory, Schema.FileName), readOnly: false);
        connection.Execute($"PRAGMA user_version = {version}");
    }

    private long PagesNow()
    {
        using var connection = Connection.Open(Path.Combine(_alice.DataDirectory, Schema.FileName), readOnly: true);
        return connection.ReadInt64("PRAGMA page_count");
    }

    private static async Task CopyAsync(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            await using var source = new FileStream(file, FileMode.Open, FileAccess.Read);
            await using var target = new FileStream(Path.Combine(to, Path.GetFileName(file)), FileMode.Create);
            await source.CopyToAsync(target);
        }
    }

    private static async Task<bool> RunsAsync(string program, params string[] arguments)
    {
        using var process = new Process();
        process.StartInfo = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;       // no such program here
        }

        await process.WaitForExitAsync(Node.Timely);
        return process.ExitCode == 0;
    }
}
