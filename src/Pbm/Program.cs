using System.Runtime.InteropServices;
using Kyberium.Pbm;

// The first signal asks the command to stop; a second one ends the process as it always would.
using var signals = new Signals();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signals.Take);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signals.Take);
return await CommandLine.RunAsync(args, Terminal.OfProcess(), signals);
