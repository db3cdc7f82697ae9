using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;

namespace Kyberium.Engine.Wire;

/// <summary>A set of suites known here, in the order of their numbers. A value; bit n − 1 stands for suite n.</summary>
internal readonly record struct SuiteSet
{
    /// <summary>More numbers than this are not read from a peer.</summary>
    internal const int NumbersMax = 64;

    private const int KnownMax = (int)Suite.MLKem1024;

    private readonly uint _bits;

    private SuiteSet(uint bits) => _bits = bits;

    internal static SuiteSet Empty => default;

    internal static SuiteSet All => new((1u << KnownMax) - 1);

    internal bool IsEmpty => _bits == 0;

    internal int Count => BitOperations.PopCount(_bits);

    internal int EncodedSize => Count * sizeof(ushort);

    internal static SuiteSet Of(params ReadOnlySpan<Suite> suites)
    {
        var set = Empty;
        foreach (var suite in suites)
        {
            set = set.With(suite);
        }

        return set;
    }

    internal static bool IsKnown(int number) => number is >= 1 and <= KnownMax;

    internal bool Contains(Suite suite) => IsKnown((int)suite) && (_bits & Bit(suite)) != 0;

    internal SuiteSet With(Suite suite) => IsKnown((int)suite)
        ? new(_bits | Bit(suite))
        : throw new ArgumentOutOfRangeException(nameof(suite), suite, "The suite is not one of this version.");

    internal SuiteSet Intersect(SuiteSet other) => new(_bits & other._bits);

    /// <summary>Gives the members in ascending order.</summary>
    internal IEnumerable<Suite> InOrder()
    {
        for (var number = 1; number <= KnownMax; number++)
        {
            if (Contains((Suite)number))
            {
                yield return (Suite)number;
            }
        }
    }

    /// <summary>Writes the numbers, ascending, two bytes each.</summary>
    internal void Write(Span<byte> destination)
    {
        foreach (var suite in InOrder())
        {
            BinaryPrimitives.WriteUInt16BigEndian(destination, (ushort)suite);
            destination = destination[2..];
        }
    }

    /// <summary>Reads numbers, which must ascend; those not known here are left out, so that new suites can be offered.</summary>
    internal static bool TryRead(ReadOnlySpan<byte> source, out SuiteSet suites, out WireFailure failure)
    {
        suites = Empty;
        failure = source.Length switch
        {
            0 => WireFailure.FieldMissing,
            > NumbersMax * sizeof(ushort) => WireFailure.Oversized,
            _ when source.Length % sizeof(ushort) != 0 => WireFailure.LengthMismatch,
            _ => WireFailure.None,
        };

        var previous = 0;
        while (failure == WireFailure.None && !source.IsEmpty)
        {
            int number = BinaryPrimitives.ReadUInt16BigEndian(source);
            failure = number > previous ? WireFailure.None : WireFailure.FieldOrder;
            suites = IsKnown(number) ? suites.With((Suite)number) : suites;
            previous = number;
            source = source[sizeof(ushort)..];
        }

        return failure == WireFailure.None;
    }

    public override string ToString() =>
        string.Join(", ", InOrder().Select(suite => ((int)suite).ToString("x4", CultureInfo.InvariantCulture)));

    private static uint Bit(Suite suite) => 1u << ((int)suite - 1);
}
