using Kyberium.Engine;

namespace Kyberium.Measuring;

/// <summary>Makes identities on two sides and pins each of one side's at each of the other's, until there are enough pairs.</summary>
/// <remarks>A session for each pair: 100 identities a side make 10,000, and no engine has to hold as many keys of its own as it has sessions.</remarks>
internal static class Introduction
{
    internal const int IdentitiesMax = 100;
    private const int AddingMax = 16;

    internal static async Task<SessionName[]> RunAsync(
        SessionEngine sender, string senderAddress, SessionEngine receiver, string receiverAddress, int count, Suite suite, string prefix = "r")
    {
        var side = Math.Min(IdentitiesMax, (int)Math.Ceiling(Math.Sqrt(count)));
        var senders = await IdentitiesAsync(sender, [IdentityName.Default, .. Enumerable.Range(1, side - 1).Select(number => new IdentityName($"s{number}"))], suite);
        var receivers = await IdentitiesAsync(
            receiver, [.. Enumerable.Range(0, (count + side - 1) / side).Select(number => new IdentityName($"{prefix}{number}"))], suite);
        var sessions = Enumerable.Range(0, count).Select(number => (Left: number / receivers.Count, Right: number % receivers.Count)).ToArray();

        await Task.WhenAll(
            AddAsync(sender, receiverAddress, sessions.Select(pair => (senders[pair.Left], receivers[pair.Right]))),
            AddAsync(receiver, senderAddress, sessions.Select(pair => (receivers[pair.Right], senders[pair.Left]))));
        return
        [
            .. sessions.Select(pair => new SessionName(
                senders[pair.Left].Name, Known(receivers[pair.Right]), receivers[pair.Right].Name, Known(senders[pair.Left]))),
        ];
    }

    /// <summary>Lets one engine pin peers, each a pair of its own identity and a stranger's.</summary>
    internal static Task AddAsync(SessionEngine engine, string address, IEnumerable<(IdentityInfo Own, IdentityInfo Other)> pairs)
    {
        // One queue hands out the names of peers; what each waits for besides is shared with others.
        return Parallel.ForEachAsync(pairs, new ParallelOptions { MaxDegreeOfParallelism = AddingMax }, async (pair, token) =>
            await engine.AddPeerAsync(
                new NewPeer
                {
                    Identity = pair.Own.Name,
                    Peer = Known(pair.Other),
                    PublicDocument = pair.Other.PublicDocument,
                    Addresses = [address],
                },
                cancellationToken: token));
    }

    /// <summary>Gives identities, and makes those that are missing.</summary>
    internal static async Task<IReadOnlyList<IdentityInfo>> IdentitiesAsync(SessionEngine engine, IReadOnlyList<IdentityName> names, Suite suite)
    {
        var known = engine.ListIdentities().ToDictionary(identity => identity.Name);
        var identities = new List<IdentityInfo>(names.Count);
        foreach (var name in names)
        {
            identities.Add(known.GetValueOrDefault(name) ?? await engine.CreateIdentityAsync(name, [suite]));
        }

        return identities;
    }

    internal static PeerId Known(IdentityInfo other) => new(other.Name.Value);
}
