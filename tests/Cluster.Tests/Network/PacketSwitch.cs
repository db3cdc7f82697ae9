using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Kyberium.Cluster.Tests.Network;

/// <summary>The network between stations: carries their packets, and loses, delays or cuts them as it is told, for each direction apart.</summary>
internal sealed partial class PacketSwitch : IDisposable
{
    private const int WaitMillisMax = 100;
    private const int PacketCountAtOnce = 64;
    private const short Readable = 1;

    private readonly ConcurrentDictionary<int, Station> _stations = new();
    private readonly ConcurrentDictionary<(int From, int To), Weather> _weather = new();
    private readonly PriorityQueue<(int To, byte[] Packet), long> _late = new();
    private readonly Action<ReadOnlyMemory<byte>>? _watch;
    private readonly Random _random;
    private readonly Thread _carrying;
    private volatile bool _ends;
    private Exception? _failure;

    /// <summary>Starts to carry.</summary>
    /// <param name="seed">Of what is lost and how late things come.</param>
    /// <param name="watch">Sees every packet that a station sends, before anything happens to it, in order.</param>
    internal PacketSwitch(int seed, Action<ReadOnlyMemory<byte>>? watch = null)
    {
        (_random, _watch) = (new Random(seed), watch);
        _carrying = new Thread(Carry) { IsBackground = true, Name = "packet switch" };
        _carrying.Start();
    }

    /// <summary>Gets how many packets were carried, and how many lost.</summary>
    internal (long Carried, long Lost) Counts => (Interlocked.Read(ref _carried), Interlocked.Read(ref _lost));

    private long _carried;
    private long _lost;

    internal async Task<Station> AddAsync()
    {
        var station = await Station.MakeAsync(_stations.Count + 1);
        Assert.True(_stations.TryAdd(station.Number, station), "stations are added one after the other");
        return station;
    }

    /// <summary>Says how packets fare from one station to another, from now on.</summary>
    internal void Set(Station from, Station to, Weather weather) => _weather[(from.Number, to.Number)] = weather;

    /// <summary>The same for both directions.</summary>
    internal void SetBoth(Station one, Station other, Weather weather)
    {
        Set(one, other, weather);
        Set(other, one, weather);
    }

    /// <summary>Lets everything through again.</summary>
    internal void Heal() => _weather.Clear();

    public void Dispose()
    {
        _ends = true;
        _carrying.Join();
        foreach (var station in _stations.Values)
        {
            station.Dispose();
        }

        if (_failure is not null)
        {
            throw new InvalidOperationException("the network between the stations failed", _failure);
        }
    }

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    private static partial int Poll([In, Out] Watched[] watched, nuint count, int timeoutMillis);

    private void Carry()
    {
        var (buffer, watched, stations) = (new byte[TunnelDevice.PacketBytesMax], Array.Empty<Watched>(), Array.Empty<Station>());
        try
        {
            while (!_ends)
            {
                if (stations.Length != _stations.Count)
                {
                    stations = [.. _stations.Values];
                    watched = [.. stations.Select(static station => new Watched { Descriptor = station.Device.Descriptor, Events = Readable })];
                }

                _ = Poll(watched, (nuint)watched.Length, DeliverLate());
                for (var i = 0; i < stations.Length; i++)
                {
                    int length;
                    for (var count = 0; watched[i].Found != 0 && count < PacketCountAtOnce && (length = stations[i].Device.Take(buffer)) > 0; count++)
                    {
                        Send(stations[i].Number, buffer.AsMemory(0, length));
                    }
                }
            }
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            _failure = failure;     // a thread of its own: whoever disposes the network hears of it
        }
    }

    private void Send(int from, ReadOnlyMemory<byte> packet)
    {
        var bytes = packet.Span;
        if (bytes.Length < 20 || bytes[0] >> 4 != 4 || !_stations.TryGetValue(bytes[19], out var to))
        {
            return;     // not IPv4, or for nobody here
        }

        _watch?.Invoke(packet);
        var weather = _weather.GetValueOrDefault((from, to.Number), Weather.Fair);
        if (weather.FlapPeriod > TimeSpan.Zero && Stopwatch.GetElapsedTime(0) is var now && (long)(now / weather.FlapPeriod) % 2 == 0)
        {
            weather = Weather.Fair;
        }

        if (weather.Loss > 0 && _random.NextDouble() < weather.Loss)
        {
            Interlocked.Increment(ref _lost);
            return;
        }

        Interlocked.Increment(ref _carried);
        var delay = weather.Delay + weather.Spread * _random.NextDouble();
        if (delay <= TimeSpan.Zero)
        {
            to.Device.Put(bytes);
        }
        else
        {
            _late.Enqueue((to.Number, packet.ToArray()), Stopwatch.GetTimestamp() + (long)(delay.TotalSeconds * Stopwatch.Frequency));
        }
    }

    /// <summary>Delivers what is due; gives how many milliseconds may pass until it is to be called again.</summary>
    private int DeliverLate()
    {
        while (_late.TryPeek(out var next, out var due))
        {
            var left = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
            if (left > TimeSpan.Zero)
            {
                return (int)Math.Min(WaitMillisMax, Math.Ceiling(left.TotalMilliseconds));
            }

            _late.Dequeue();
            _stations[next.To].Device.Put(next.Packet);
        }

        return WaitMillisMax;
    }

    /// <summary>What <c>poll</c> takes: <c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Watched
    {
        internal int Descriptor;
        internal short Events;
        internal short Found;
    }
}
