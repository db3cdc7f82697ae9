using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;
using Kyberium.Engine;
using Kyberium.Engine.Diagnostics;

namespace Kyberium.Repository.Tests.Documents;

/// <summary>Goal: docs/operating/traces.md lists the spans of running engines, and no span tells what it must not.
/// Method: a listener hears two engines that talk.</summary>
public sealed class TraceDocumentTests
{
    [Fact]
    public async Task Every_span_is_listed_with_its_kind_and_attributes_and_none_holds_payload_or_names()
    {
        var heard = new ConcurrentBag<Activity>();
        using (var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Kyberium.Engine",
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = heard.Add,
        })
        {
            ActivitySource.AddActivityListener(listener);
            await TalkAsync();
        }

        var spans = heard.Where(span => span.Tags.All(tag => tag.Key != "error.type")).ToList();
        var shown = spans.Select(span => $"{span.OperationName} {span.Kind}: {Attributes(span)}").Distinct();
        var listed = MarkdownTable.Rows("docs/operating/traces.md").Where(cells => cells[0].StartsWith("kyberium.", StringComparison.Ordinal))
            .Select(cells => $"{cells[0]} {cells[1]}: {cells[2].Trim('–')}");
        Assert.Equal(listed.Order(StringComparer.Ordinal), shown.Order(StringComparer.Ordinal));
        var failed = Assert.Single(heard, span => span.OperationName == "kyberium.send" && span.Status == ActivityStatusCode.Error);
        Assert.Equal("PeerUnknown", failed.GetTagItem("error.type"));
        var everything = string.Join('\n', heard.SelectMany(span => span.TagObjects.Select(tag => $"{tag.Key}={tag.Value}").Append(span.StatusDescription)));
        Assert.DoesNotContain("secret words", everything, StringComparison.Ordinal);
        Assert.DoesNotContain("bob-of-the-test", everything, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_listener_no_span_is_made_and_nothing_is_allocated()
    {
        Assert.Null(EngineActivities.Send(1));
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1_000; i++)
        {
            using var send = EngineActivities.Send(i);
            using var connect = EngineActivities.Connect();
            using var handshake = EngineActivities.Handshake("start");
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static string Attributes(Activity span) => string.Join(", ", span.TagObjects.Select(tag => tag.Key).Order(StringComparer.Ordinal));

    private static async Task TalkAsync()
    {
        var network = new InMemoryNetwork();
        await using var alice = await StartAsync(network.Connect("alice"));
        await using var bob = await StartAsync(network.Connect("bob"));
        var (ofAlice, ofBob) = (await alice.CreateIdentityAsync(IdentityName.Default), await bob.CreateIdentityAsync(IdentityName.Default));
        var (peer, back) = (new PeerId("bob-of-the-test"), new PeerId("alice-of-the-test"));
        await alice.AddPeerAsync(new NewPeer { Peer = peer, PublicDocument = ofBob.PublicDocument, Addresses = ["memory://bob"] });
        await bob.AddPeerAsync(new NewPeer { Peer = back, PublicDocument = ofAlice.PublicDocument, Addresses = ["memory://alice"] });
        await alice.ConnectAsync(peer);
        await alice.SendAsync(peer, Encoding.UTF8.GetBytes("secret words"));
        await Assert.ThrowsAsync<EngineException>(() => alice.SendAsync(new PeerId("nobody"), Encoding.UTF8.GetBytes("secret words")));
        await foreach (var message in bob.ReceiveAsync())
        {
            Assert.Null(Activity.Current);      // the reader's context is its own
            await bob.AcknowledgeAsync(message.Id);
            break;
        }

        await alice.CheckpointAsync();
    }

    private static Task<SessionEngine> StartAsync(IPeerLink link)
    {
        var options = new EngineOptions();
        options.Shard.Count = 1;
        var parts = new EngineParts
        {
            OpenJournal = (_, _) => Task.FromResult<IJournal>(new InMemoryJournal()),
            OpenKeyring = (_, _) => Task.FromResult<IKeyring>(new InMemoryKeyring()),
        };
        parts.PeerLinks.Add(link);
        return SessionEngine.StartAsync(options, parts);
    }
}
