using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Kyberium.Fuzzing.Instrumentation;
using Microsoft.Win32.SafeHandles;

namespace Kyberium.Fuzzing.Afl;

/// <summary>Serves inputs to a target in this process, by AFL's fork server protocol: afl-fuzz sees a new process for each.</summary>
/// <remarks>
/// Source: AFL++, <c>afl_fsrv_start</c> and <c>afl_fsrv_run_target</c>: a greeting on descriptor 199; then for each input four bytes
/// arrive on 198, and a process id and a wait status go back. The input stands at the beginning of standard input, which is a file.
/// A runtime cannot be forked, so one process runs all inputs; what a broken law leaves behind is state no decoder keeps.
/// </remarks>
internal static partial class ForkServer
{
    private const int Control = 198;
    private const int Status = 199;
    private const int Aborted = 6;      // as if by SIGABRT

    internal static int Serve(FuzzTarget target)
    {
        if (!TryAttach(out var problem))
        {
            Console.Error.WriteLine(problem);
            return 2;
        }

        foreach (var input in target.Seeds())      // first uses of types and statics are no news
        {
            Run(target, input);
        }

        _ = Coverage.TakeWays();
        using var control = new FileStream(new SafeFileHandle(Control, ownsHandle: false), FileAccess.Read, bufferSize: 0);
        using var status = new FileStream(new SafeFileHandle(Status, ownsHandle: false), FileAccess.Write, bufferSize: 0);
        using var inputs = new SafeFileHandle(0, ownsHandle: false);
        Span<byte> word = stackalloc byte[4];
        word.Clear();
        status.Write(word);
        while (control.ReadAtLeast(word, word.Length, throwOnEndOfStream: false) == word.Length)
        {
            BinaryPrimitives.WriteInt32LittleEndian(word, Environment.ProcessId);
            status.Write(word);
            BinaryPrimitives.WriteInt32LittleEndian(word, Run(target, Read(inputs)) ? 0 : Aborted);
            status.Write(word);
        }

        return 0;
    }

    private static byte[] Read(SafeFileHandle inputs)
    {
        var bytes = new byte[RandomAccess.GetLength(inputs)];
        var read = RandomAccess.Read(inputs, bytes, 0);
        return read == bytes.Length ? bytes : bytes[..read];
    }

    private static bool Run(FuzzTarget target, byte[] input)
    {
        Coverage.Restart();
        try
        {
            _ = target.Run(input);
            return true;
        }
#pragma warning disable CA1031 // Whatever a target throws is the finding; afl-fuzz keeps the input.
        catch (Exception)
        {
            return false;
        }
#pragma warning restore CA1031
    }

    private static bool TryAttach(out string problem)
    {
        problem = "not started by afl-fuzz: use 'run' for a search, 'replay' for one input";
        if (!int.TryParse(Environment.GetEnvironmentVariable("__AFL_SHM_ID"), CultureInfo.InvariantCulture, out var id))
        {
            return false;
        }

        var map = Attach(id, 0, 0);
        problem = $"the shared map could not be attached: error {Marshal.GetLastPInvokeError()}";
        if (map == -1)
        {
            return false;
        }

        Coverage.Use(map);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "shmat", SetLastError = true)]
    private static partial nint Attach(int id, nint address, int flags);
}
