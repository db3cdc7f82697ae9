using Kyberium.Engine;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Wire;
using Kyberium.Simulation.World;
using Microsoft.Extensions.Logging;

namespace Kyberium.Simulation.Nodes;

/// <summary>What a simulated engine is made of. A test that proves a checker replaces one part by a broken one.</summary>
internal sealed record NodeParts
{
    /// <summary>Gets the folder of the policies that the nodes use.</summary>
    internal required string TemplateDirectory { get; init; }

    /// <summary>Gets what gives a process its random bytes, by node and by how many processes that node has had.</summary>
    internal required Func<string, int, SeededChoices> EntropyOf { get; init; }

    internal Func<IJournal, IJournal> WrapJournal { get; init; } = journal => journal;

    internal Func<IKeyring, IKeyring> WrapKeyring { get; init; } = keyring => keyring;

    internal Func<IEntropySource, IEntropySource> WrapEntropy { get; init; } = entropy => entropy;

    internal Func<IPeerLink, IPeerLink> WrapLink { get; init; } = link => link;

    internal Func<ILoggerFactory, ILoggerFactory> WrapLog { get; init; } = log => log;

    internal Func<IAuditSink, IAuditSink> WrapSink { get; init; } = sink => sink;

    internal Func<TimeProvider, TimeProvider> WrapTime { get; init; } = time => time;

    /// <summary>Gets what an engine announces of the versions that its process is to speak.</summary>
    internal Func<VersionRange, VersionRange> Announced { get; init; } = versions => versions;

    internal static NodeParts Sound(ulong seed) => new()
    {
        TemplateDirectory = Path.Combine(AppContext.BaseDirectory, "templates"),
        EntropyOf = (node, process) => SeededChoices.For(seed, $"entropy {node} {process}"),
    };
}
