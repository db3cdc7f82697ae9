using System.Security.Cryptography;

namespace Kyberium.Engine.Tests.Cryptography;

/// <summary>Each folder of published vectors says where its files come from; the files are still those.</summary>
public sealed class VectorSourceTests
{
    [Theory]
    [InlineData("acvp", 5)]
    [InlineData("cctv", 7)]
    [InlineData("gcm", 1)]
    [InlineData("wycheproof", 6)]
    [InlineData("hybrid", 2)]
    [InlineData("hpke", 1)]
    [InlineData("events", 1)]
    public void Files_have_the_recorded_hashes(string folder, int files)
    {
        var rows = File.ReadLines(VectorJson.PathOf($"{folder}/SOURCE.md"))
            .Select(line => line.Split('|', StringSplitOptions.TrimEntries))
            .Where(cells => cells.Length == 4 && cells[2].Length == 64)
            .ToList();
        Assert.Equal(files, rows.Count);
        foreach (var cells in rows)
        {
            var hash = SHA256.HashData(File.ReadAllBytes(VectorJson.PathOf($"{folder}/{cells[1]}")));
            Assert.True(cells[2] == Convert.ToHexStringLower(hash), $"{folder}/{cells[1]}");
        }
    }
}
