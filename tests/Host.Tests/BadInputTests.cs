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
    [InlineData("identity list --set nokey")]
    public async Task A_malformed_command_line_ends_with_64(string line)
    {
        using var node = await ScratchNode.CreateAsync();
        await node.FailsAsync(64, 1015, line.Split(' '));
    }

    [Theory, InlineData(""), InlineData("serve"), InlineData("identity"), InlineData("peer add"), InlineData("restore")]
    public async Task Help_is_there_for_every_command(string line)
    {
        var outcome = await ScratchNode.RunBareAsync([.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Equal(0, outcome.ExitCode);
        Assert.Contains("--data-directory", outcome.Output, StringComparison.Ordinal);
    }
}
