namespace Kyberium.Timing;

/// <summary>One operation and two classes of input whose times must not differ.</summary>
/// <param name="Name">As the table shows it.</param>
/// <param name="InputSize">Bytes of one input; every input of both classes is copied to the same place before it is measured.</param>
/// <param name="Draw">Makes an input of class 0 or 1.</param>
/// <param name="Run">The operation.</param>
/// <param name="Repeats">How often it runs in one measurement, where one run is shorter than the clock tells.</param>
/// <param name="Leaks">Whether it is a control, made to leak: a run that does not find it proves nothing.</param>
internal sealed record TimingSubject(
    string Name, int InputSize, Action<int, Random, byte[]> Draw, Action<byte[]> Run, int Repeats = 1, bool Leaks = false);
