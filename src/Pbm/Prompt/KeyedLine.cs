using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Prompt;

/// <summary>Reads one line from a terminal, key by key.</summary>
internal sealed class KeyedLine(string prompt, IReadOnlyList<PaletteDescription> palettes, History history, TextWriter output)
{
    private LineEditor _line = new();
    private bool _wasTab;

    /// <returns>The line; nothing at the end of input.</returns>
    internal async Task<string?> ReadAsync(CancellationToken cancellationToken)
    {
        // While a line is typed an interrupt is a key like others: it drops the line and not the program.
        Console.TreatControlCAsInput = true;
        try
        {
            while (true)
            {
                await output.WriteAsync(LineView.Draw(prompt, _line, Console.WindowWidth));
                var key = Key.Of(await Task.Run(() => Console.ReadKey(intercept: true), CancellationToken.None).WaitAsync(cancellationToken));
                switch (key.Kind)
                {
                    case KeyKind.Enter:
                        await output.WriteLineAsync();
                        return _line.Text;
                    case KeyKind.Interrupt:
                        await output.WriteLineAsync("^C");
                        _line = new LineEditor();
                        break;
                    case KeyKind.EndOfInput when _line.Text.Length == 0:
                        await output.WriteLineAsync();
                        return null;
                    case KeyKind.Tab:
                        await CompleteAsync();
                        break;
                    default:
                        _line = _line.Press(key, history.Lines);
                        break;
                }

                _wasTab = key.Kind == KeyKind.Tab;
            }
        }
        finally
        {
            Console.TreatControlCAsInput = false;
        }
    }

    private async Task CompleteAsync()
    {
        var (before, begun) = _line.AtCursor;
        var candidates = Completion.Candidates(palettes, before, begun);
        if (candidates.Count == 1)
        {
            _line = _line.Complete(candidates[0] + " ");
        }
        else if (Completion.SharedStart(candidates) is { } shared && shared.Length > begun.Length)
        {
            _line = _line.Complete(shared);
        }
        else if (_wasTab && candidates.Count > 0)
        {
            await output.WriteLineAsync();
            await output.WriteLineAsync(string.Join("  ", candidates));
        }
    }
}
