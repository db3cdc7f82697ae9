namespace Kyberium.Engine.Sqlite.Tests.Engines;

/// <summary>Goal: an engine whose options name no folder of templates reads those that its cluster names, one that names its own reads no other, and what cannot be read
/// refuses the start with its code.</summary>
public sealed class FoundTemplatesTests : IDisposable
{
    private readonly TemporaryDirectory _folders = new();

    public void Dispose() => _folders.Dispose();

    [Fact]
    public async Task Folders_that_were_found_are_read_together()
    {
        await using var node = await NodeAsync(Folder("one", "branch"), Folder("two", "van"));
        await node.StartAsync();
        Assert.Equal(["branch", "van"], await UsableAsync(node, "branch", "van", "own"));
    }

    [Fact]
    public async Task A_folder_of_the_options_is_read_and_no_other()
    {
        await using var node = await NodeAsync(Folder("one", "branch"));
        var own = Folder("own", "own");
        node.Configure = options => options.Templates.Directory = own;
        await node.StartAsync();
        Assert.Equal(["own"], await UsableAsync(node, "branch", "own"));
    }

    [Fact]
    public async Task What_is_missing_relative_malformed_or_there_twice_refuses_the_start_and_leaves_the_store_as_it_was()
    {
        var broken = Folder("broken", "branch");
        await File.WriteAllTextAsync(Path.Combine(broken, "branch.json"), "{");
        var one = Folder("one", "branch");
        await using var node = await NodeAsync();
        foreach (var (folders, told) in new (string[] Folders, string Told)[]
        {
            ([Path.Combine(_folders.Path, "nowhere")], "kyberium.lighthouse.policies"), (["policies"], "no absolute path"), ([broken], "branch.json"),
            ([one, Folder("again", "branch")], "is taken by"),
        })
        {
            node.TemplateFolders = folders;
            var failure = await Node.FailsAsync(EngineErrorCode.TemplateInvalid, () => node.StartAsync());
            Assert.Contains(told, failure.Message, StringComparison.Ordinal);
            Assert.False(Directory.Exists(node.DataDirectory));
        }

        node.TemplateFolders = [];
        node.Configure = static options => options.Templates.DefaultId = "branch";
        await Node.FailsAsync(EngineErrorCode.TemplateInvalid, () => node.StartAsync());
        node.TemplateFolders = [one];
        await node.StartAsync();
    }

    private static async Task<Node> NodeAsync(params string[] folders)
    {
        var node = new Node("alice", new InMemoryNetwork()) { TemplateFolders = folders };
        await node.MakeKeyringAsync();
        return node;
    }

    /// <summary>Gives those of the templates under which a peer can be added.</summary>
    private static async Task<List<string>> UsableAsync(Node node, params string[] templates)
    {
        await node.Engine.CreateIdentityAsync(IdentityName.Default);
        var usable = new List<string>();
        foreach (var template in templates)
        {
            await using var other = new Node(template, new InMemoryNetwork());
            await other.StartNewAsync();
            try
            {
                Assert.StartsWith(template, (await node.KnowAsync(other, template)).Template, StringComparison.Ordinal);
                usable.Add(template);
            }
            catch (EngineException unknown) when (unknown.Code == EngineErrorCode.TemplateInvalid)
            {
                // Not one of its templates.
            }
        }

        return usable;
    }

    private string Folder(string name, string template)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_folders.Path, name)).FullName;
        File.WriteAllText(Path.Combine(folder, template + ".json"), $$"""{"id":"{{template}}","version":1,"description":"Of a test.","extends":"default"}""");
        return folder;
    }
}
