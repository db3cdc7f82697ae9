namespace Kyberium.Engine.Tests;

/// <summary>Finds files of the source tree from where the tests run.</summary>
internal static class RepositoryFiles
{
    internal static string Read(string relativePath)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Join(folder.FullName, "Akka.Engine.sln")))
            {
                return File.ReadAllText(Path.Join(folder.FullName, relativePath));
            }
        }

        throw new InvalidOperationException("The tests run outside the source tree.");
    }
}
