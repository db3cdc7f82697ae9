namespace Kyberium.Engine.Wire;

/// <summary>The plaintext of a type-5 record, in the fields of handshake payloads so that it can grow.</summary>
internal readonly record struct ConfirmPayload(DeliveryGreeting Greeting)
{
    /// <summary>The size in bytes as written here.</summary>
    internal const int Size = TlvReader.FieldOverhead + DeliveryGreeting.Size;

    internal byte[] Encode()
    {
        var bytes = new byte[Size];
        Write(bytes);
        return bytes;
    }

    internal void Write(Span<byte> destination)
    {
        var writer = new TlvWriter(destination);
        Greeting.Write(writer.Field(TlvType.Greeting, DeliveryGreeting.Size));
    }

    internal static bool TryRead(ReadOnlySpan<byte> source, out ConfirmPayload payload, out WireFailure failure)
    {
        DeliveryGreeting? greeting = null;
        var reader = new TlvReader(source);
        while (reader.TryNext(out var type, out var value))
        {
            if (type == (ushort)TlvType.Greeting)
            {
                greeting = DeliveryGreeting.TryRead(value, out var read, out failure) ? read : null;
                reader.Take(failure);
            }
            else
            {
                reader.Skip(type);
            }
        }

        failure = reader.Failure != WireFailure.None || greeting is not null ? reader.Failure : WireFailure.FieldMissing;
        payload = failure == WireFailure.None ? new ConfirmPayload(greeting.GetValueOrDefault()) : default;
        return failure == WireFailure.None;
    }
}
