namespace Kyberium.Host.Tests;

/// <summary>Goal: what an operator gets wrong ends with the code and the exit code that the documents promise.</summary>
public sealed class BadInputTests
{
    [Fact]
    public async Task A_missing_keyring_and_one_that_others_may_read_are_refused()
    {
        using var node = await ScratchNode.CreateAsync();
        File.SetUnixFileMode(node.Keyring, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        await node.FailsAsync(70, 4008, "identity", "list");
        File.Delete(node.Keyring);
        await node.FailsAsync(70, 4007, "identity", "list");
        await node.FailsAsync(70, 4007, "keyring", "show");
    }

    [Fact]
    public async Task A_wrong_passphrase_is_refused()
    {
        using var node = new ScratchNode();
        var (right, wrong) = (Path.Combine(node.Root, "right"), Path.Combine(node.Root, "wrong"));
        foreach (var file in new[] { right, wrong })
        {
            await File.WriteAllTextAsync(file, file);
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        await node.SucceedAsync("keyring", "create", "--passphrase-file", right);
        await node.SucceedAsync("identity", "create", "--passphrase-file", right);
        await node.FailsAsync(70, 4009, "identity", "list", "--passphrase-file", wrong);
        await node.FailsAsync(70, 4008, "identity", "list");
    }

    [Fact]
    public async Task A_directory_that_another_process_holds_is_refused()
    {
        using var node = await ScratchNode.CreateAsync();
        await using var held = new FileStream(Path.Combine(node.Data, "lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        await node.FailsAsync(70, 4003, "identity", "list");
        Assert.DoesNotContain("   at ", (await node.RunAsync(["serve"])).Error, StringComparison.Ordinal);     // a line, not a stack trace
    }

    [Fact]
    public async Task A_data_directory_that_cannot_be_written_is_refused()
    {
        using var node = new ScratchNode();
        await node.SucceedAsync("keyring", "create");
        await File.WriteAllTextAsync(node.Data, "");     // a file stands where the directory would: that stops root, too
        await node.FailsAsync(70, 4004, "identity", "create");
    }

    [Fact]
    public async Task Looking_for_a_store_does_not_make_one()
    {
        using var node = new ScratchNode();
        await node.SucceedAsync("keyring", "create");
        await node.FailsAsync(64, 1015, "peer", "list");
        await node.FailsAsync(64, 1015, "inspect", Path.Combine(node.Root, "nothing"));
        Assert.False(Directory.Exists(node.Data));
    }

    [Fact]
    public async Task An_older_copy_is_refused_until_it_is_accepted()
    {
        using var node = await ScratchNode.CreateAsync();
        using var other = await ScratchNode.CreateAsync();
        var copy = Path.Combine(node.Root, "copy.db");
        await node.SucceedAsync("backup", copy);
        await node.SucceedAsync("peer", "add", "bob", other.Document);
        await node.SucceedAsync("checkpoint");

        await node.FailsAsync(64, 1015, "restore", copy);       // the directory is not empty
        Directory.Delete(node.Data, recursive: true);
        await node.SucceedAsync("restore", copy);
        await node.FailsAsync(70, 4005, "identity", "list");
        Assert.Contains("restore --accept", (await node.RunAsync(["identity", "list"])).Error, StringComparison.Ordinal);
        await node.SucceedAsync("restore", "--accept");
        await node.SucceedAsync("identity", "list");
    }

    [Fact]
    public async Task A_damaged_store_is_named_by_verify()
    {
        using var node = await ScratchNode.CreateAsync();
        await File.WriteAllTextAsync(Path.Combine(node.Data, "journal.db"), "this is no database, whatever its name says");
        await node.FailsAsync(70, 4001, "inspect", "--verify");
    }

    [Theory]
    [InlineData("nonsense"), InlineData("peer"), InlineData("peer add"), InlineData("receive --count 0"), InlineData("send bob x --expires-after soon")]
    [InlineData("identity list --set nokey"), InlineData("send bob x --file y"), InlineData("receive --raw --json")]
    [InlineData("send bob --operation 3f2504e0-4f89-41d3-9a0c-0305e82c3301")]
    public async Task A_malformed_command_line_ends_with_64(string line)
    {
        using var node = await ScratchNode.CreateAsync();
        await node.FailsAsync(64, 1015, line.Split(' '));
    }

    [Theory]
    [InlineData("receive --count many", "--count is 'many'; it must be a whole number, 1 or more")]
    [InlineData("send bob x --operation 7", "--operation is '7'; it must be a GUID")]
    [InlineData("dead-letters show bob first", "<number> is 'first'; it must be a whole number, 1 or more")]
    [InlineData("demo --kills often", "--kills is 'often'; it must be a whole number")]
    public async Task A_value_of_another_form_is_told_in_words_and_not_by_a_type(string line, string expected)
    {
        var outcome = await ScratchNode.RunBareAsync(line.Split(' '));
        Assert.Equal(64, outcome.ExitCode);
        Assert.StartsWith($"KY1015: {expected}", outcome.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_keyring_that_was_not_named_is_asked_for_in_the_command_s_own_words()
    {
        using var node = await ScratchNode.CreateAsync();
        var outcome = await ScratchNode.RunBareAsync(["identity", "list", "--data-directory", node.Data]);
        Assert.Equal(78, outcome.ExitCode);
        Assert.Contains("as --keyring <path>", outcome.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_goes_into_a_folder_that_is_there()
    {
        using var node = await ScratchNode.CreateAsync();
        await node.FailsAsync(64, 1015, "backup", Path.Combine(node.Root, "nowhere", "copy.db"));
    }

    [Fact]
    public async Task A_file_that_is_no_backup_is_not_restored_and_leaves_nothing()
    {
        using var node = new ScratchNode();
        var file = Path.Combine(node.Root, "junk");
        await File.WriteAllTextAsync(file, new string('x', 8_192));
        var outcome = await node.RunAsync(["restore", file]);
        Assert.Equal(70, outcome.ExitCode);
        Assert.StartsWith($"KY4001: '{file}' is not a sound backup", outcome.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(node.Data));
    }

    [Fact]
    public async Task An_empty_journal_file_is_not_filled_by_looking()
    {
        using var node = new ScratchNode();
        await node.SucceedAsync("keyring", "create");
        Directory.CreateDirectory(node.Data);
        await File.WriteAllBytesAsync(Path.Combine(node.Data, "journal.db"), []);
        await node.FailsAsync(64, 1015, "identity", "list");
        Assert.Equal(0, new FileInfo(Path.Combine(node.Data, "journal.db")).Length);
    }

    [Theory, InlineData(""), InlineData("serve"), InlineData("identity"), InlineData("peer add"), InlineData("restore")]
    public async Task Help_is_there_for_every_command(string line)
    {
        var outcome = await ScratchNode.RunBareAsync([.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("--data-directory", outcome.Output, StringComparison.Ordinal);
    }
}
