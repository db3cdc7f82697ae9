using System.Runtime.Versioning;
using System.Security.Cryptography;
using Kyberium.Engine.Keyring;

namespace Kyberium.Engine.Tests.Keyring;

[UnsupportedOSPlatform("windows")]   // modes are a matter of Unix
public sealed class WitnessTests : IDisposable
{
    private static readonly byte[] Store = RandomNumberGenerator.GetBytes(16);

    private readonly TemporaryFolder _folder = new();

    private string Path => _folder.File("master.keyring");

    private string WitnessPath => System.IO.Path.Join(Path + ".witness", Convert.ToHexStringLower(Store));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Joining_is_the_same_in_any_order_and_never_lowers()
    {
        var parts = Enumerable.Range(0, 60).Select(static number => new ShardWitness(
            new ShardId("default", 0), new Fence(number * 7 % 5), new byte[32], new LogPosition(number * 11 % 13)) { Generation = (uint)(number % 2) }).ToArray();
        var forth = parts.Aggregate(static (known, said) => WitnessEntry.Highest(known, said));
        var back = parts.Reverse().Aggregate(static (known, said) => WitnessEntry.Highest(known, said));

        Assert.Equal((1u, 4L, 12L), (forth.Generation, forth.Fence.Value, forth.Position.Value));
        Assert.Equal((back.Generation, back.Fence, back.Position), (forth.Generation, forth.Fence, forth.Position));
    }

    /// <summary>Goal: a deposed owner that writes late takes nothing back, and a generation begun on purpose replaces. Method: two keyrings over one file, as two
    /// processes have it, and one in memory that both use.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_witness_never_goes_back_but_by_a_new_generation(bool inMemory)
    {
        await using IKeyring deposed = inMemory ? new InMemoryKeyring() : await Create();
        await using var reopened = inMemory ? null : await FileKeyring.OpenAsync(new FileKeyringOptions { Path = Path });
        var successor = reopened ?? deposed;
        await deposed.WriteWitnessesAsync(Store, [At(1, 10)]);
        await successor.WriteWitnessesAsync(Store, [At(2, 20)]);

        await deposed.WriteWitnessesAsync(Store, [At(1, 15)]);
        Assert.Equal((0u, 2L, 20L, (byte)2), await RememberedAsync());
        await deposed.WriteWitnessesAsync(Store, [At(1, 25)]);      // it was there: the store has reached it under whichever owner
        Assert.Equal((0u, 2L, 25L, (byte)2), await RememberedAsync());

        await successor.WriteWitnessesAsync(Store, [At(3, 5, generation: 1)]);
        Assert.Equal((1u, 3L, 5L, (byte)3), await RememberedAsync());
        await deposed.WriteWitnessesAsync(Store, [At(9, 90)]);
        Assert.Equal((1u, 3L, 5L, (byte)3), await RememberedAsync());

        async Task<(uint Generation, long Fence, long Position, byte Tenure)> RememberedAsync()
        {
            var known = Assert.Single(await deposed.ReadWitnessesAsync(Store));
            Assert.Equal(known.Position, Assert.Single(await successor.ReadWitnessesAsync(Store)).Position);
            return (known.Generation, known.Fence.Value, known.Position.Value, known.Tenure.Span[0]);
        }
    }

    [Fact]
    public async Task Two_processes_that_write_one_file_lose_nothing_of_each_other()
    {
        await using var one = await Create();
        await using var other = await FileKeyring.OpenAsync(new FileKeyringOptions { Path = Path });

        await Task.WhenAll(Enumerable.Range(0, 120).Select(async number =>
        {
            await Task.Yield();
            await (number % 2 == 0 ? one : other).WriteWitnessesAsync(Store, [Witness(number, number + 1)]);
        }));

        Assert.Equal(Enumerable.Range(0, 120), (await one.ReadWitnessesAsync(Store)).Select(static witness => witness.Shard.Number));
    }

    /// <summary>Goal: a process that stands still while it writes keeps its successor from nothing but the witness, and not for ever. Method: the test holds the
    /// lock as that process would, and lets time pass.</summary>
    [Fact]
    public async Task A_lock_that_is_held_for_too_long_is_told_and_the_next_write_carries_what_waited()
    {
        var clock = new ManualTime();
        await using var keyring = await FileKeyring.CreateAsync(new FileKeyringOptions { Path = Path, TimeProvider = clock });
        await keyring.WriteWitnessesAsync(Store, [Witness(1, 10)]);
        using (new FileStream(WitnessPath + ".lock", FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            var waiting = keyring.WriteWitnessesAsync(Store, [Witness(2, 20)]).AsTask();
            await clock.AsleepAsync(1);
            Assert.False(waiting.IsCompleted);
            clock.Leap(TimeSpan.FromSeconds(11));
            var error = await Assert.ThrowsAsync<EngineException>(() => waiting);
            Assert.Equal(EngineErrorCode.KeyringUnusable, error.Code);
            Assert.Contains("stands still", error.Message, StringComparison.Ordinal);
            Assert.Single(await keyring.ReadWitnessesAsync(Store));
        }

        await keyring.WriteWitnessesAsync(Store, [Witness(3, 30)]);
        Assert.Equal([1, 2, 3], (await keyring.ReadWitnessesAsync(Store)).Select(static witness => witness.Shard.Number));
    }

    [Fact]
    public async Task Without_a_file_nothing_is_remembered()
    {
        await using var keyring = await Create();

        Assert.Empty(await keyring.ReadWitnessesAsync(Store));
    }

    [Fact]
    public async Task Witnesses_survive_the_process_and_a_rotation_and_replace_their_shards()
    {
        await using (var keyring = await Create())
        {
            await keyring.WriteWitnessesAsync(Store, [Witness(1, 10), Witness(2, 20)]);
            await keyring.RotateAsync();
        }

        await using var reopened = await FileKeyring.OpenAsync(new FileKeyringOptions { Path = Path });
        await reopened.WriteWitnessesAsync(Store, [Witness(2, 21), Witness(3, 30)]);
        Assert.Equal(
            [(1, 10L), (2, 21L), (3, 30L)],
            (await reopened.ReadWitnessesAsync(Store)).Select(w => (w.Shard.Number, w.Position.Value)));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(WitnessPath));
    }

    [Fact]
    public async Task A_changed_witness_file_is_refused_by_reading_and_by_writing()
    {
        await using (var keyring = await Create())
        {
            await keyring.WriteWitnessesAsync(Store, [Witness(1, 10)]);
        }

        var file = await File.ReadAllBytesAsync(WitnessPath);
        file[^40] ^= 1;
        await File.WriteAllBytesAsync(WitnessPath, file);

        await using var reopened = await FileKeyring.OpenAsync(new FileKeyringOptions { Path = Path });
        foreach (var act in new Func<Task>[]
        {
            () => reopened.ReadWitnessesAsync(Store).AsTask(),
            () => reopened.WriteWitnessesAsync(Store, [Witness(2, 1)]).AsTask(),
        })
        {
            Assert.Equal(EngineErrorCode.KeyringUnusable, (await Assert.ThrowsAsync<EngineException>(act)).Code);
        }
    }

    [Fact]
    public async Task The_witness_of_another_store_does_not_pass_for_this_ones()
    {
        await using var keyring = await Create();
        var other = RandomNumberGenerator.GetBytes(16);
        await keyring.WriteWitnessesAsync(other, [Witness(1, 10)]);
        File.Copy(System.IO.Path.Join(Path + ".witness", Convert.ToHexStringLower(other)), WitnessPath);

        var error = await Assert.ThrowsAsync<EngineException>(() => keyring.ReadWitnessesAsync(Store).AsTask());
        Assert.Equal(EngineErrorCode.KeyringUnusable, error.Code);
    }

    [Fact]
    public async Task Concurrent_writers_all_find_their_witness_on_disk()
    {
        await using var keyring = await Create();

        await Task.WhenAll(Enumerable.Range(0, 200).Select(async number =>
        {
            await Task.Yield();
            await keyring.WriteWitnessesAsync(Store, [Witness(number, number + 1)]);
            Assert.Contains(await keyring.ReadWitnessesAsync(Store), w => w.Shard.Number == number);
        }));

        Assert.Equal(200, (await keyring.ReadWitnessesAsync(Store)).Count);
    }

    // Goal: a failed write claims nothing and the next one carries what it could not.
    [Fact]
    public async Task After_a_failed_write_the_next_one_writes_everything()
    {
        await using var keyring = await Create();
        await keyring.WriteWitnessesAsync(Store, [Witness(1, 10)]);
        Directory.CreateDirectory(WitnessPath + ".tmp");
        var error = await Assert.ThrowsAsync<EngineException>(() => keyring.WriteWitnessesAsync(Store, [Witness(2, 20)]).AsTask());
        Assert.Equal(EngineErrorCode.KeyringUnusable, error.Code);
        Assert.Single(await keyring.ReadWitnessesAsync(Store));

        Directory.Delete(WitnessPath + ".tmp");
        await keyring.WriteWitnessesAsync(Store, [Witness(3, 30)]);
        Assert.Equal([1, 2, 3], (await keyring.ReadWitnessesAsync(Store)).Select(w => w.Shard.Number));
    }

    [Fact]
    public async Task Memory_keeps_witnesses_per_store_and_rotates()
    {
        await using var keyring = new InMemoryKeyring();
        var wrapped = await keyring.WrapAsync(new byte[32], default);
        keyring.Rotate();
        await keyring.WriteWitnessesAsync(Store, [Witness(1, 10)]);
        await keyring.WriteWitnessesAsync(Store, [Witness(1, 11)]);

        Assert.Equal(11, Assert.Single(await keyring.ReadWitnessesAsync(Store)).Position.Value);
        Assert.Empty(await keyring.ReadWitnessesAsync(new byte[16]));
        Assert.Equal(new byte[32], await keyring.UnwrapAsync(wrapped, default));
    }

    private static ShardWitness Witness(int number, long position) =>
        new(new ShardId(ShardId.DefaultGroup, number), new Fence(1), RandomNumberGenerator.GetBytes(32), new LogPosition(position));

    private static ShardWitness At(long fence, long position, uint generation = 0) =>
        new(new ShardId(ShardId.DefaultGroup, 0), new Fence(fence), Enumerable.Repeat((byte)fence, 32).ToArray(), new LogPosition(position)) { Generation = generation };

    private Task<FileKeyring> Create() => FileKeyring.CreateAsync(new FileKeyringOptions { Path = Path });
}
