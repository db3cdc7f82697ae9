using System.Text.Json;
using Kyberium.Engine.Wire;

namespace Kyberium.Host.Documents;

/// <summary>An envelope's header: all that it shows without keys. docs/formats/envelope.md.</summary>
internal sealed record EnvelopeDocument(
    int Version, string Type, string Suite, string Receiver, int ReceiverShard, uint Epoch, string Incarnation, ulong Sequence,
    int BodyLength, int Length)
{
    internal static EnvelopeDocument Of(in EnvelopeHeader header) => new(
        EnvelopeHeader.Version, JsonNamingPolicy.KebabCaseLower.ConvertName(header.Type.ToString()),
        IdentityDocument.NameOf(header.Suite), header.Receiver.ToString(), header.Receiver.Shard, header.Epoch.Value,
        header.Incarnation.ToString(), header.Sequence, header.BodyLength, header.EnvelopeLength);
}
