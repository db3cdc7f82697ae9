namespace Kyberium.Engine.Tests.Keyring;

/// <summary>A folder that is gone after the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("kyberium-").FullName;

    internal string File(string name) => Path.Join(_path, name);

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
