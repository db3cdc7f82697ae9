using System.Globalization;

namespace Kyberium.Engine.Wire;

/// <summary>The generation of a session's traffic secrets: 0 for the handshake's, one more for each rekey.</summary>
internal readonly record struct Epoch(uint Value) : IComparable<Epoch>
{
    internal static Epoch Zero => default;

    /// <summary>Gets the epoch a rekey from this one makes.</summary>
    /// <exception cref="OverflowException">This is epoch 2^32 − 1; at one rekey a minute that is 8,000 years.</exception>
    internal Epoch Next => new(checked(Value + 1));

    public int CompareTo(Epoch other) => Value.CompareTo(other.Value);

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
