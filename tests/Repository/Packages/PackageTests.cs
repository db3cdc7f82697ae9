using System.Diagnostics;
using System.IO.Compression;
using System.Reflection;
using System.Xml.Linq;

namespace Kyberium.Repository.Tests.Packages;

/// <summary>Goal: <c>dotnet pack</c> of what was just built gives packages a stranger can use.</summary>
public sealed class PackageTests : IDisposable
{
    private readonly DirectoryInfo _output = Directory.CreateTempSubdirectory("kyberium-packages-");

    public static TheoryData<string> Names => [.. Libraries.Projects.Keys];

    [Theory, MemberData(nameof(Names))]
    public async Task A_package_has_its_version_licence_readme_and_documentation(string assembly)
    {
        await PackAsync(Libraries.Projects[assembly]);

        await using var package = await ZipFile.OpenReadAsync(Assert.Single(_output.GetFiles("*.nupkg")).FullName);
        var entries = package.Entries.Select(entry => entry.FullName).ToList();
        var metadata = XDocument.Load(package.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open())
            .Descendants().Where(element => !element.HasElements).ToLookup(element => element.Name.LocalName, element => element.Value);
        Assert.Equal(assembly, metadata["id"].Single());
        Assert.Matches(@"^\d+\.\d+\.\d+(-[\w.]+)?$", metadata["version"].Single());
        Assert.Equal("Apache-2.0", metadata["license"].Single());
        Assert.True(metadata["description"].Single().Length > 20);
        Assert.Equal("README.md", metadata["readme"].Single());
        Assert.Contains("README.md", entries);
        Assert.Contains($"lib/net10.0/{assembly}.dll", entries);
        Assert.Contains($"lib/net10.0/{assembly}.xml", entries);
    }

    public void Dispose() => _output.Delete(recursive: true);

    private async Task PackAsync(string project)
    {
        var configuration = typeof(PackageTests).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = SourceTree.Root };
        foreach (var argument in (string[])["pack", project, "--no-build", "-c", configuration, "-o", _output.FullName, "-nologo", "-nodeReuse:false"])
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, string.Concat(output));
    }
}
