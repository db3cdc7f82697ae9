namespace Kyberium.Engine.Sessions;

/// <summary>Wall-clock time: milliseconds since 1970-01-01T00:00Z. It may jump either way.</summary>
internal readonly record struct UnixMillis(long Value) : IComparable<UnixMillis>
{
    public int CompareTo(UnixMillis other) => Value.CompareTo(other.Value);
}

/// <summary>Milliseconds since this process's own zero. Never goes back; means nothing to another process.</summary>
internal readonly record struct MonotonicMillis(long Value) : IComparable<MonotonicMillis>
{
    internal static readonly MonotonicMillis Never = new(long.MaxValue);

    public int CompareTo(MonotonicMillis other) => Value.CompareTo(other.Value);

    /// <summary>Gives a time that is kept without room for its absence: <see cref="Never"/> stands for none.</summary>
    internal static MonotonicMillis? Known(MonotonicMillis kept) => kept == Never ? null : kept;

    internal MonotonicMillis After(long millis) => new(Value > long.MaxValue - millis ? long.MaxValue : Value + millis);

    internal static MonotonicMillis Earlier(MonotonicMillis left, MonotonicMillis right) =>
        left.Value <= right.Value ? left : right;
}
