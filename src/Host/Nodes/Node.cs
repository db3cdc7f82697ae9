using Kyberium.Engine;
using Kyberium.Engine.AspNetCore;
using Kyberium.Host.Configuration;
using Kyberium.Host.Documents;

namespace Kyberium.Host.Nodes;

/// <summary>An engine opened by this process, with every operation a command can ask for. The control socket serves this very class.</summary>
internal sealed partial class Node : INode
{
    private readonly NodeConfiguration _configuration;
    private readonly IReadOnlyList<HttpPeerLink> _links;
    private readonly SessionEngine _engine;
    private readonly IJournal _journal;
    private readonly MessageDesk _desk;

    internal Node(
        NodeConfiguration configuration, SessionEngine engine, IJournal journal, IReadOnlyList<HttpPeerLink> links)
    {
        _configuration = configuration;
        _engine = engine;
        _journal = journal;
        _links = links;
        _desk = new MessageDesk(engine);
    }

    public bool IsRemote => false;

    /// <summary>Gets the connection string of the cluster's database; empty when the node is of none. Secret.</summary>
    internal string ClusterDatabase { get; init; } = "";

    /// <summary>Gets the engine, for whoever looks at its bounds.</summary>
    internal SessionEngine Engine => _engine;

    public Task<TReply> AskAsync<TRequest, TReply>(
        NodeOperation<TRequest, TReply> operation, TRequest request, CancellationToken cancellationToken) =>
        operation.RunAsync(this, request, new CallerContext(Actor: Environment.UserName), cancellationToken);

    public IAsyncEnumerable<MessageDocument> ReceiveAsync(long? countMax, bool waits, CancellationToken cancellationToken) =>
        _desk.ReceiveAsync(countMax, waits, cancellationToken);

    public async ValueTask DisposeAsync() => await _engine.DisposeAsync();

    internal NodeDocument Describe() => new(
        ProgramVersion.Text, Environment.ProcessId, _engine.JournalDescription, _engine.KeyringDescription,
        [.. _links.Select(link => link.ListenAddress).OfType<string>()]);

    internal async Task<IdentityDocument> CreateIdentityAsync(
        IdentityCreation request, CallerContext caller, CancellationToken cancellationToken)
    {
        var suites = request.Suites.Count == 0 ? null : request.Suites.Select(Names.Suite).ToList();
        return IdentityDocument.Of(
            await _engine.CreateIdentityAsync(Names.Identity(request.Name), suites, caller, cancellationToken));
    }

    internal async Task<IdentityList> ListIdentitiesAsync()
    {
        await _engine.ReadIdentitiesAsync();
        return new([.. _engine.ListIdentities().OrderBy(identity => identity.Name.Value, StringComparer.Ordinal).Select(IdentityDocument.Of)]);
    }

    internal async Task<IdentityDocument> ShowIdentityAsync(IdentityReference request)
    {
        var name = Names.Identity(request.Name);
        await _engine.KnowAsync(name);
        return IdentityDocument.Of(_engine.GetIdentity(name));
    }

    internal async Task<IdentityDocument> RotateIdentityAsync(
        IdentityRotation request, CallerContext caller, CancellationToken cancellationToken)
    {
        var name = Names.Identity(request.Name);
        var rotated = request.Finish
            ? _engine.FinishIdentityRotationAsync(name, caller, cancellationToken)
            : _engine.RotateIdentityAsync(name, caller, cancellationToken);
        return IdentityDocument.Of(await rotated);
    }
}
