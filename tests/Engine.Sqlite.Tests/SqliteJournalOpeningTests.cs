namespace Kyberium.Engine.Sqlite.Tests;

public sealed class SqliteJournalOpeningTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    [Fact]
    public async Task The_description_names_library_version_and_file()
    {
        await using var journal = await _directory.OpenAsync();

        Assert.Matches(@"^SQLite 3\.\d+\.\d+ \(.+\) at ", journal.Description);
        Assert.Contains(_directory.JournalFile, journal.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_directory_is_made_for_its_owner_alone()
    {
        var path = Path.Combine(_directory.Path, "a", "b");
        await using var journal = await SqliteJournal.OpenAsync(new SqliteJournalOptions { DataDirectory = path });

        Assert.True(File.Exists(Path.Combine(path, "journal.db")));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(path));
        }
    }

    [Fact]
    public async Task A_second_opener_is_told_that_the_directory_is_locked()
    {
        await using (await _directory.OpenAsync())
        {
            await FailsAsync(EngineErrorCode.DataDirectoryLocked, () => _directory.OpenAsync());
        }

        await using var after = await _directory.OpenAsync();   // and the lock ends with its holder
    }

    [Fact]
    public async Task Another_process_is_told_that_the_directory_is_locked()
    {
        await using var journal = await _directory.OpenAsync();
        using var other = CrashProcess.Start(_directory.Path);

        await other.WaitForExitAsync();
        Assert.Contains("KY4003", await other.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_directory_that_cannot_be_written_is_named()
    {
        // sysfs refuses new files whoever asks, root included.
        var failure = await FailsAsync(EngineErrorCode.DataDirectoryReadOnly, () => SqliteJournal.OpenAsync(
            new SqliteJournalOptions { DataDirectory = "/sys/kernel" }));
        Assert.Contains("/sys/kernel", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Schema.Version + 1, EngineErrorCode.JournalVersionUnsupported, "run the newer version on it")]
    [InlineData(Schema.Version - 1, EngineErrorCode.JournalCorrupt, "restore from a backup")]
    [InlineData(-1, EngineErrorCode.JournalCorrupt, "restore from a backup")]
    public async Task Another_layout_is_refused_untouched_and_older_is_not_called_newer(int version, EngineErrorCode code, string advice)
    {
        await (await _directory.OpenAsync()).DisposeAsync();
        using (var connection = Connection.Open(_directory.JournalFile, readOnly: false))
        {
            connection.Execute($"PRAGMA user_version = {version}");
        }

        var failure = await FailsAsync(code, () => _directory.OpenAsync());
        Assert.Contains(advice, failure.Message, StringComparison.Ordinal);
        using var after = Connection.Open(_directory.JournalFile, readOnly: true);
        Assert.Equal(version, after.ReadInt64("PRAGMA user_version"));
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_corrupt()
    {
        await File.WriteAllTextAsync(_directory.JournalFile, new string('x', 8_192));
        await FailsAsync(EngineErrorCode.JournalCorrupt, () => _directory.OpenAsync());
    }

    [Fact]
    public async Task A_database_of_another_program_is_left_alone()
    {
        using (var connection = Connection.Open(_directory.JournalFile, readOnly: false))
        {
            connection.Execute("CREATE TABLE theirs (x)");
        }

        var failure = await FailsAsync(EngineErrorCode.JournalCorrupt, () => _directory.OpenAsync());
        Assert.Contains("another program", failure.Message, StringComparison.Ordinal);
    }

    [Theory, InlineData(0), InlineData(65)]
    public async Task Options_out_of_range_are_refused(int readerCount) => await FailsAsync(
        EngineErrorCode.OptionsInvalid,
        () => SqliteJournal.OpenAsync(new SqliteJournalOptions { DataDirectory = _directory.Path, ReaderCount = readerCount }));

    [Theory, InlineData(true, 2), InlineData(false, 0)]
    public async Task Flushing_is_full_unless_a_test_turns_it_off(bool syncsToDisk, long synchronous)
    {
        await using var journal = await _directory.OpenAsync(syncsToDisk: syncsToDisk);
        Assert.Equal(synchronous, journal.ReadWriterPragma("synchronous"));
        Assert.Equal(300, journal.ReadWriterPragma("wal_autocheckpoint"));
    }

    public void Dispose() => _directory.Dispose();

    private static async Task<EngineException> FailsAsync(EngineErrorCode code, Func<Task> act)
    {
        var failure = await Assert.ThrowsAsync<EngineException>(act);
        Assert.Equal(code, failure.Code);
        return failure;
    }
}
