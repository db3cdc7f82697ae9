using Kyberium.Curves;

// Draws how throughput and latency grow with load, sessions, message size, shards and cores:
//   dotnet run -c Release --project perf/Curves -- --out perf/results
// Each part runs in a process of its own, on its own number of cores. This one runs on the program's first thread throughout (see ChildProcess).
CurveOptions options;
try
{
    options = CurveOptions.Parse(args);
}
catch (ArgumentException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    Console.Error.WriteLine(CurveOptions.Usage);
    return 2;
}

if (options.AsksForHelp)
{
    Console.WriteLine(CurveOptions.Usage);
    return 0;
}

if (options.Part is { } own)
{
    void Report(Point point) => Console.WriteLine(point.ToCsv());
    var run = own.Sessions < options.CrowdMin
        ? new PartRun(own, options, Report).RunAsync()
        : new CrowdRun(own, options, Report, text => Console.WriteLine("# " + text)).RunAsync();
    run.GetAwaiter().GetResult();
    return 0;
}

return new CurvesRun(options, args).Run();
