using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Kyberium.Engine;

namespace Kyberium.Repository.Tests.Documents;

/// <summary>Goal: docs/operating/metrics.md lists what a running engine and the libraries beside it publish. Method: a listener hears every instrument.</summary>
public sealed class MetricDocumentTests
{
    [Fact]
    public async Task Every_instrument_is_listed_with_its_kind_unit_and_description()
    {
        var heard = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name.StartsWith("Kyberium.", StringComparison.Ordinal))
                {
                    lock (heard)
                    {
                        heard[instrument.Name] = $"{Kind(instrument)} {instrument.Unit}: {instrument.Description}";
                    }
                }
            },
        };
        listener.Start();
        var types = Libraries.All.SelectMany(static library => library.GetTypes());
        foreach (var meter in types.Where(static type => type is { IsAbstract: true, IsSealed: true } && type.Name.EndsWith("Meter", StringComparison.Ordinal)))
        {
            RuntimeHelpers.RunClassConstructor(meter.TypeHandle);       // those of a process, not of an engine
        }

        var options = new EngineOptions();
        options.Shard.Count = 1;
        await using var engine = await SessionEngine.StartAsync(options, new EngineParts
        {
            OpenJournal = (_, _) => Task.FromResult<IJournal>(new InMemoryJournal()),
            OpenKeyring = (_, _) => Task.FromResult<IKeyring>(new InMemoryKeyring()),
        });

        var rows = MarkdownTable.Rows("docs/operating/metrics.md").Where(cells => cells[0].StartsWith("kyberium.", StringComparison.Ordinal))
            .ToDictionary(cells => cells[0], cells => $"{cells[1]} {cells[2]}: {cells[3]}");
        Assert.NotEmpty(heard);
        Assert.Equal(heard, new SortedDictionary<string, string>(rows, StringComparer.Ordinal));
    }

    private static string Kind(Instrument instrument)
    {
        var name = instrument.GetType().Name.Split('`')[0];
        return name switch
        {
            "ObservableGauge" => "gauge",
            "ObservableCounter" or "Counter" => "counter",
            "Histogram" => "histogram",
            "ObservableUpDownCounter" or "UpDownCounter" => "up-down counter",
            _ => name,
        };
    }
}
