using System.Diagnostics;
using System.Globalization;
using Kyberium.Engine;

namespace Kyberium.Curves;

/// <summary>What the command line asks for.</summary>
internal sealed record CurveOptions(bool IsQuick, string Folder, AeadProviderChoice Aead, double Seconds, int[] Sessions)
{
    internal const string Usage = "--out FOLDER [--quick] [--aead platform|intrinsics|auto] [--seconds 3] [--sessions 1,100,10000] [--cores 1]";

    internal static CurveOptions Parse(string[] arguments)
    {
        string? Value(string name) => Array.IndexOf(arguments, name) is >= 0 and var at && at + 1 < arguments.Length ? arguments[at + 1] : null;
        var isQuick = arguments.Contains("--quick");
        if (Value("--cores") == "1" && (OperatingSystem.IsLinux() || OperatingSystem.IsWindows()))
        {
            Process.GetCurrentProcess().ProcessorAffinity = 1;
        }

        return new CurveOptions(
            isQuick,
            Value("--out") ?? "perf/results",
            Enum.Parse<AeadProviderChoice>(Value("--aead") ?? "platform", ignoreCase: true),
            isQuick ? 0.05 : double.Parse(Value("--seconds") ?? "3", CultureInfo.InvariantCulture),
            isQuick ? [1, 4] : [.. (Value("--sessions") ?? "1,100,10000").Split(',').Select(text => int.Parse(text, CultureInfo.InvariantCulture))]);
    }
}
