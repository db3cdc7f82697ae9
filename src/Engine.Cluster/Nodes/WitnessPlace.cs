using System.Net.Http.Headers;
using Kyberium.Engine.Cluster.Joining;
using Kyberium.Engine.Keyring;
using Microsoft.Extensions.Logging;

namespace Kyberium.Engine.Cluster;

/// <summary>One Lighthouse as a place that remembers: what it shall take waits here, of each shard the highest, until it has.</summary>
internal sealed class WitnessPlace : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Checkpoints of many shards come close together: they share a request.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(200);

    private static readonly TimeSpan RetryMax = TimeSpan.FromSeconds(30);

    private readonly string _lighthouse;
    private readonly ClusterIdentity _identity;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<ShardId, ShardWitness> _waiting = [];
    private readonly SemaphoreSlim _arrived = new(0, 1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _running;
    private byte[] _storeId = [];
    private bool _isOut;

    internal WitnessPlace(string lighthouse, ClusterIdentity identity, TimeProvider time, ILogger logger)
    {
        (_lighthouse, _identity, _time, _logger) = (lighthouse, identity, time, logger);
        _running = RunAsync();
    }

    internal int WaitingCount
    {
        get
        {
            lock (_lock)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Asks what is remembered of a store.</summary>
    /// <returns>No list, and why, when it did not answer.</returns>
    internal async Task<(IReadOnlyList<ShardWitness>? Witnesses, string Failure)> ReadAsync(ReadOnlyMemory<byte> storeId, CancellationToken cancellationToken)
    {
        try
        {
            using var http = LighthouseHttp.Of(_lighthouse, _identity.Current, _time, Patience, WitnessList.BytesMax);
            using var response = await http.GetAsync(new Uri(WitnessList.PathOf(storeId.Span), UriKind.Relative), cancellationToken).ConfigureAwait(false);
            var bytes = await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(cancellationToken).ConfigureAwait(false);
            var witnesses = WitnessList.TryDecode(bytes, storeId.Span, out var problem);
            return (witnesses, $"{_lighthouse}: its answer {problem}");
        }
        catch (Exception failure) when (LighthouseHttp.IsOfTheWay(failure))
        {
            return (null, $"{_lighthouse}: {failure.GetBaseException().Message}");
        }
    }

    internal void HandIn(ReadOnlyMemory<byte> storeId, in ShardWitness witness)
    {
        lock (_lock)
        {
            if (!storeId.Span.SequenceEqual(_storeId))
            {
                LinkMeter.WitnessesWaiting.Add(-_waiting.Count);
                _waiting.Clear();       // an engine has one store
                _storeId = storeId.ToArray();
            }

            Wait(witness);
            if (_arrived.CurrentCount == 0)
            {
                _arrived.Release();
            }
        }
    }

    /// <summary>Says what is left, once, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        LinkMeter.WitnessesWaiting.Add(-WaitingCount);      // nobody says it any more
        _stopping.Dispose();
        _arrived.Dispose();
    }

    private async Task RunAsync()
    {
        var failures = 0;
        for (var isLast = false; !isLast;)
        {
            await _arrived.WaitAsync(_stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            var pause = failures == 0 ? Gathering : TimeSpan.FromSeconds(Math.Min(RetryMax.TotalSeconds, Math.Pow(2, Math.Min(failures - 1, 10))));
            await Task.Delay(pause, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            isLast = _stopping.IsCancellationRequested;     // what was handed in before is said after
            failures = await SayAllAsync().ConfigureAwait(false) ? 0 : failures + 1;
        }
    }

    /// <summary>Says what waits; what was not taken waits on.</summary>
    private async Task<bool> SayAllAsync()
    {
        while (Take() is { Count: > 0 } taken)
        {
            try
            {
                await SayAsync(taken).ConfigureAwait(false);
            }
            catch (Exception failure) when (LighthouseHttp.IsOfTheWay(failure))
            {
                GiveBack(taken);
                if (!_isOut)
                {
                    _isOut = true;
                    LinkLog.NotWitnessed(_logger, _lighthouse, failure.GetBaseException().Message);
                }

                return false;
            }

            if (_isOut)
            {
                _isOut = false;
                LinkLog.WitnessedAgain(_logger, _lighthouse);
            }
        }

        return true;
    }

    private async Task SayAsync(List<ShardWitness> witnesses)
    {
        using var http = LighthouseHttp.Of(_lighthouse, _identity.Current, _time, Patience, LighthouseHttp.ResponseBytesMax);
        using var content = new ByteArrayContent(WitnessList.Encode(_storeId, witnesses));
        content.Headers.ContentType = new MediaTypeHeaderValue(WitnessList.ContentType);
        using var response = await http.PostAsync(new Uri(WitnessList.PathOf(_storeId), UriKind.Relative), content, CancellationToken.None).ConfigureAwait(false);
        if (!response.IsSuccessStatusCode)
        {
            var why = await response.Content.ReadAsStringAsync(CancellationToken.None).ConfigureAwait(false);
            throw new HttpRequestException($"it answered with HTTP status {(int)response.StatusCode}: {why}");
        }
    }

    private List<ShardWitness> Take()
    {
        lock (_lock)
        {
            List<ShardWitness> taken = [.. _waiting.Values.Take(WitnessList.CountSaidMax)];
            taken.ForEach(witness => _waiting.Remove(witness.Shard));
            LinkMeter.WitnessesWaiting.Add(-taken.Count);
            return taken;
        }
    }

    private void GiveBack(List<ShardWitness> taken)
    {
        lock (_lock)
        {
            taken.ForEach(witness => Wait(witness));
            if (_arrived.CurrentCount == 0)
            {
                _arrived.Release();
            }
        }
    }

    private void Wait(in ShardWitness witness)
    {
        var isThere = _waiting.TryGetValue(witness.Shard, out var known);
        _waiting[witness.Shard] = isThere ? WitnessEntry.Highest(known, witness) : witness;
        LinkMeter.WitnessesWaiting.Add(isThere ? 0 : 1);
    }
}
