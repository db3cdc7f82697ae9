using System.Security.Cryptography;
using System.Text;
using Kyberium.Engine.Journal;

namespace Kyberium.Engine.Sqlite.Tests.Engines;

/// <summary>What can be found in the files, with and without the keyring, of what was secret and of whom was forgotten.</summary>
public sealed class ForgettingTests
{
    [Fact]
    public async Task Neither_payloads_nor_names_nor_addresses_lie_in_the_clear_in_any_file()
    {
        var (alice, bob) = await Node.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        var planted = RandomNumberGenerator.GetHexString(48);
        await alice.SendAsync(bob, planted);
        await foreach (var message in bob.Engine.ReceiveAsync(Node.Timely))
        {
            break;      // stays in bob's inbox
        }

        await alice.SendAsync(bob, planted + " again");
        foreach (var node in (Node[])[alice, bob])
        {
            await node.Engine.CheckpointAsync();
            AssertAbsent(node, planted, "payload");
            AssertAbsent(node, alice.Address, "address");
            AssertAbsent(node, bob.Address, "address");
            await node.StopAsync();
            AssertAbsent(node, planted, "payload");
        }
    }

    /// <summary>
    /// Goal: forgetting a peer destroys one key, and what was sealed under it is gone for whoever holds files and keyring.
    /// Method: the row with the peer's wrapped key is read before, and looked for in every file after; that row is what opens the rest.
    /// </summary>
    [Fact]
    public async Task After_a_peer_is_removed_its_wrapped_key_is_in_no_file_and_its_rows_are_gone()
    {
        var (alice, bob) = await Node.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.ConnectAsync(bob);
        alice.Passes = static _ => false;
        await alice.SendAsync(bob, "to be forgotten");
        await alice.Engine.CheckpointAsync();
        var keys = ReadRows(alice, RowKind.PeerKey);
        var peerKey = Assert.Single(keys);
        Assert.True(FilesContain(alice, peerKey), "the search finds the key while it is there");
        Assert.NotEmpty(ReadRows(alice, RowKind.Outbox));
        Assert.Single(ReadRows(alice, RowKind.Document));

        await alice.Engine.RemovePeerAsync(bob.Id);
        await alice.Engine.CheckpointAsync();
        await alice.StopAsync();

        Assert.False(FilesContain(alice, peerKey), "the wrapped key of the forgotten peer is still in a file");
        foreach (var kind in (RowKind[])[RowKind.PeerKey, RowKind.Peer, RowKind.Document, RowKind.Outbox, RowKind.Inbox, RowKind.ReceiverIndex])
        {
            Assert.Empty(ReadRows(alice, kind));
        }

        await alice.StartAsync();
        await Node.FailsAsync(EngineErrorCode.PeerUnknown, () => alice.PeerAsync(bob));
    }

    [Fact]
    public async Task What_verifies_with_the_keyring_is_still_sound_after_a_peer_was_removed()
    {
        var (alice, bob) = await Node.PairAsync();
        await using var _a = alice;
        await using var _b = bob;
        await alice.SendAsync(bob, "one");
        Assert.Equal(["one"], await bob.ReceiveAsync(1));
        await alice.Engine.RemovePeerAsync(bob.Id);
        await alice.StopAsync();

        await using var journal = await SqliteJournal.OpenAsync(new SqliteJournalOptions { DataDirectory = alice.DataDirectory });
        await using var keyring = await FileKeyring.OpenAsync(new FileKeyringOptions { Path = alice.KeyringPath });
        var report = await new JournalVerifier(journal, keyring).VerifyAsync(default);
        Assert.True(report.IsSound, string.Join("; ", report.Findings));
    }

    private static List<byte[]> ReadRows(Node node, RowKind kind)
    {
        using var connection = Connection.Open(Path.Combine(node.DataDirectory, Schema.FileName), readOnly: true);
        using var statement = connection.Prepare("SELECT value FROM row WHERE kind = ?1");
        statement.Bind(1, (long)kind);
        var rows = new List<byte[]>();
        while (statement.Step())
        {
            rows.Add(statement.Blob(0));
        }

        return rows;
    }

    private static bool FilesContain(Node node, ReadOnlySpan<byte> row)
    {
        // The end of the row is ciphertext and tag: nothing else can hold these bytes.
        var part = row[^40..];
        foreach (var bytes in ReadFiles(node))
        {
            if (bytes.AsSpan().IndexOf(part) >= 0)
            {
                return true;
            }
        }

        return false;
    }

    private static void AssertAbsent(Node node, string text, string what)
    {
        foreach (var bytes in ReadFiles(node))
        {
            Assert.True(bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) < 0, $"{node.Name}'s files show a {what}: {text}");
            Assert.True(bytes.AsSpan().IndexOf(Encoding.Unicode.GetBytes(text)) < 0, $"{node.Name}'s files show a {what}: {text}");
        }
    }

    private static IEnumerable<byte[]> ReadFiles(Node node)
    {
        // The journal's log before the journal: what it holds moves on from there, and a search in this order meets it here or there.
        foreach (var file in Directory.GetFiles(node.Folder, "*", SearchOption.AllDirectories).OrderDescending(StringComparer.Ordinal))
        {
            if (Path.GetFileName(file) != DataDirectory.LockFileName && Read(file) is { } bytes)       // that one is empty, and locked
            {
                yield return bytes;
            }
        }
    }

    private static byte[]? Read(string file)
    {
        try
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var content = new MemoryStream();
            stream.CopyTo(content);
            return content.ToArray();
        }
        catch (FileNotFoundException)
        {
            return null;        // one that was written beside and has taken its place meanwhile
        }
    }
}
