using System.Globalization;

namespace Kyberium.Engine.Wire;

internal readonly record struct Epoch(uint Value)
{
    internal Epoch Next => new(checked(Value + 1));
}

internal readonly record struct SessionId(UInt128 Value)
{
    internal const int Size = 16;

    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}

internal readonly record struct ReceiverIndex(ulong Value)
{
    internal int Shard => (int)(Value >> 48);

    public override string ToString() => Value.ToString("x16", CultureInfo.InvariantCulture);
}

internal readonly record struct Incarnation(UInt128 Value)
{
    public override string ToString() => Value.ToString("x32", CultureInfo.InvariantCulture);
}
