using System.CommandLine;
using System.Text.Json;
using Kyberium.Host.Configuration;
using Kyberium.Host.Control;
using Kyberium.Host.Documents;
using Kyberium.Host.Nodes;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kyberium.Host.Commands;

/// <summary>One run of a command: what was asked, and where results go.</summary>
internal sealed class CommandCall(ParseResult parsed, GlobalOptions global, Terminal terminal, CancellationToken stopping)
{
    private readonly Dictionary<string, string> _overrides = [];

    internal Terminal Terminal => terminal;

    /// <summary>Gets the token that a signal cancels.</summary>
    internal CancellationToken Stopping => stopping;

    /// <summary>Gets whether results are documents for machines.</summary>
    internal bool IsJson => parsed.GetValue(global.Json);

    internal T? Get<T>(Option<T> option) => parsed.GetValue(option);

    internal T? Get<T>(Argument<T> argument) => parsed.GetValue(argument);

    /// <summary>Sets a key from an argument of the command; it overrides everything else.</summary>
    internal void Override(string key, string value) => _overrides[key] = value;

    /// <summary>Reads the configuration with all its layers.</summary>
    internal NodeConfiguration ReadConfiguration() => NodeConfiguration.Read(
        parsed.GetValue(global.Config), terminal.Variables,
        [.. global.Values(parsed), .. _overrides.Select(pair => (pair.Key, pair.Value, "the argument"))]);

    /// <summary>Reaches the node that runs on the data directory, or opens the directory when none does.</summary>
    /// <param name="mayBegin">Whether the command may begin a new store.</param>
    internal async Task<INode> OpenNodeAsync(bool mayBegin = false)
    {
        var configuration = ReadConfiguration();
        if (await ControlClient.TryConnectAsync(configuration, stopping) is { } running)
        {
            return running;
        }

        if (configuration.Host.Cluster.IsNode)
        {
            throw HostErrors.ClusterNodeDown(configuration.Host.Cluster.Node);
        }

        return mayBegin || NodeStart.HasStore(configuration)
            ? await NodeStart.OpenAsync(configuration, NullLoggerFactory.Instance, [], acceptRestored: false, stopping)
            : throw HostErrors.NoStore(configuration.DataDirectory);
    }

    /// <summary>Runs one operation on the node and gives its reply.</summary>
    internal async Task<TReply> AskAsync<TRequest, TReply>(
        NodeOperation<TRequest, TReply> operation, TRequest request, bool mayBegin = false)
    {
        await using var node = await OpenNodeAsync(mayBegin);
        return await node.AskAsync(operation, request, stopping);
    }

    /// <summary>Writes a result: the document for machines, or <paramref name="write"/>'s text for people.</summary>
    internal void Print<T>(T document, Action<TextWriter> write)
    {
        if (IsJson)
        {
            terminal.Output.WriteLine(JsonSerializer.Serialize(document, DocumentJson.Indented));
        }
        else
        {
            write(terminal.Output);
        }
    }

    /// <summary>Writes one document of a stream on a line of its own.</summary>
    internal void PrintLine<T>(T document) => terminal.Output.WriteLine(JsonSerializer.Serialize(document, DocumentJson.Compact));
}
