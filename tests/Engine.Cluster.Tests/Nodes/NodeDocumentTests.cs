using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Kyberium.Engine.Cluster.Tests.Nodes;

/// <summary>What the package's page shows compiles and does what it says; the page of the node's state names what is in it.</summary>
public sealed partial class NodeDocumentTests
{
    [Fact]
    public void The_example_is_this_one_and_changes_the_engines_parts()
    {
        var token = "kyj1";
        var builder = WebApplication.CreateBuilder();
        // Example begins.
        builder.Services.AddKyberium().JoinCluster(new ClusterNodeOptions
        {
            Cluster = new ClusterName("orders"),
            Node = new NodeId("node-1"),
            Listen = new IPEndPoint(IPAddress.Any, 8443),
            Host = "node-1.example.net",
            Lighthouses = ["lighthouse.example.net:8440"],
            Token = token,                                      // of `lighthouse token create`; used up by joining
            StateFile = "/var/lib/orders/node.json",            // certificate and key, so that it comes back without either
        });
        // Example ends.
        Assert.Single(builder.Services, static service => service.ServiceType.Name == "PartsConfiguration");
        var run = Indent().Replace(Example().Match(File.ReadAllText(Here())).Groups[1].Value, "");
        Assert.Equal(CSharpBlock().Match(Page("README.md")).Groups[1].Value, run);
    }

    [Fact]
    public void Joining_opens_the_cluster_and_the_journal()
    {
        var parts = new EngineParts().JoinCluster(new ClusterNodeOptions
        {
            Cluster = new ClusterName("orders"), Node = new NodeId("node-1"), Listen = new IPEndPoint(IPAddress.Loopback, 0), Lighthouses = ["l:1"], StateFile = "state",
        });

        Assert.NotNull(parts.OpenCluster);
        Assert.NotNull(parts.OpenJournal);
    }

    public static TheoryData<ClusterNodeOptions, string> Wrong => new()
    {
        { Options(new ClusterName("orders"), IPAddress.Any, ["l:1"], "state"), nameof(ClusterNodeOptions.Host) },
        { Options(new ClusterName("orders"), IPAddress.IPv6Any, ["l:1"], "state"), nameof(ClusterNodeOptions.Host) },
        { Options(new ClusterName("orders"), IPAddress.Loopback, [], "state"), nameof(ClusterNodeOptions.Lighthouses) },
        { Options(new ClusterName("orders"), IPAddress.Loopback, ["l:1"], ""), nameof(ClusterNodeOptions.StateFile) },
        { Options(default, IPAddress.Loopback, ["l:1"], "state"), nameof(ClusterNodeOptions.Cluster) },
    };

    [Theory, MemberData(nameof(Wrong))]
    public void Options_that_make_no_node_are_refused_by_name(ClusterNodeOptions options, string named)
    {
        var failure = Assert.Throws<EngineException>(() => new EngineParts().JoinCluster(options));

        Assert.Equal(EngineErrorCode.OptionsInvalid, failure.Code);
        Assert.Contains(named, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_nodes_state_is_what_its_page_names()
    {
        var section = Page("docs/formats/joining.md").Split("## A node's state")[1];
        var table = Row().Matches(section);

        Assert.Equal(Names<NodeGrant.StoredNode>(), table.Select(static row => row.Groups[1].Value).Order(StringComparer.Ordinal));
        var facts = table.Single(static row => row.Groups[1].Value == "facts").Groups[2].Value;
        Assert.Equal(Names<NodeGrant.StoredFacts>(), Name().Matches(facts).Select(static name => name.Groups[1].Value).Order(StringComparer.Ordinal));
    }

    private static ClusterNodeOptions Options(ClusterName cluster, IPAddress address, string[] lighthouses, string stateFile) => new()
    {
        Cluster = cluster, Node = new NodeId("node-1"), Listen = new IPEndPoint(address, 0), Lighthouses = lighthouses, StateFile = stateFile,
    };

    private static IEnumerable<string> Names<T>() =>
        typeof(T).GetProperties().Select(static property => JsonNamingPolicy.CamelCase.ConvertName(property.Name)).Order(StringComparer.Ordinal);

    private static string Page(string name) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, name));

    private static string Here([CallerFilePath] string path = "") => path;

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CSharpBlock();

    [GeneratedRegex("// Example begins\\.\n(.*?) *// Example ends\\.", RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex("^ {8}", RegexOptions.Multiline)]
    private static partial Regex Indent();

    [GeneratedRegex(@"^\| `(\w+)` \| (.*) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"`(\w+)`")]
    private static partial Regex Name();
}
