using System.Globalization;
using Kyberium.Fuzzing.Afl;

namespace Kyberium.Fuzzing;

/// <summary>Searches for inputs that break a decoder, guided by coverage. Usage: see <see cref="Usage"/>.</summary>
internal static class Program
{
    private const string Usage = """
        list                                   names the targets
        run TARGET [--for 10m] [--in FOLDER]   searches with afl-fuzz (Debian: afl++); goes on where an earlier run of FOLDER stopped
        report [--in FOLDER]                   what all runs in FOLDER did
        replay TARGET FILE                     runs one input and shows what it breaks
        keep TARGET --to FOLDER [--in FOLDER]  copies the inputs that took new ways into a corpus folder
        """;

    internal static async Task<int> Main(string[] arguments)
    {
        var folder = Option(arguments, "--in") ?? Path.Combine(Path.GetTempPath(), "kyberium-fuzzing");
        var target = arguments.Length > 1 ? FuzzTarget.Find(arguments[1]) : null;
        switch (arguments)
        {
            case ["list"]:
                Console.WriteLine(string.Join('\n', FuzzTarget.All.Select(known => known.Name)));
                return 0;
            case ["report", ..]:
                return FuzzTarget.All.Sum(known => new Search(known, folder).Report());
            case ["serve", _] when target is not null:
                return ForkServer.Serve(target);
            case ["replay", _, var file] when target is not null:
                Console.WriteLine(target.Run(await File.ReadAllBytesAsync(file)) ? "accepted" : "refused");
                return 0;
            case ["run", ..] when target is not null && TryTime(Option(arguments, "--for") ?? "10m", out var time):
                return await new Search(target, folder).RunAsync(time);
            case ["keep", ..] when target is not null && Option(arguments, "--to") is { } folderTo:
                return await new Search(target, folder).KeepAsync(folderTo);
            case ["keep-here", _, var queue, var destination] when target is not null:
                return Search.KeepHere(target, queue, destination);
            default:
                await Console.Error.WriteLineAsync(Usage);
                return 2;
        }
    }

    private static string? Option(string[] arguments, string name)
    {
        var at = Array.IndexOf(arguments, name);
        return at >= 0 && at + 1 < arguments.Length ? arguments[at + 1] : null;
    }

    private static bool TryTime(string text, out TimeSpan time)
    {
        time = default;
        if (text.Length < 2 || !double.TryParse(text[..^1], CultureInfo.InvariantCulture, out var amount))
        {
            return false;
        }

        time = text[^1] switch
        {
            's' => TimeSpan.FromSeconds(amount),
            'm' => TimeSpan.FromMinutes(amount),
            'h' => TimeSpan.FromHours(amount),
            _ => default,
        };
        return time > TimeSpan.Zero;
    }
}
