using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

// In-process: the generated project of the default toolchain would be built under this repository's rules.
// --quick runs each benchmark once, so that the test command can show that none has rotted.
var quick = args.Contains("--quick");
var job = quick
    ? Job.Dry.WithToolchain(InProcessEmitToolchain.Instance)
    : Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance);
var summaries = BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly)
    .Run([.. args.Where(argument => argument != "--quick")], DefaultConfig.Instance.AddJob(job));
return summaries.Any() && summaries.All(summary => !summary.HasCriticalValidationErrors && summary.Reports.All(report => report.Success))
    ? 0
    : 1;
