using Kyberium.Pbm.Hosting.Protocol;

namespace Kyberium.Pbm.Output;

/// <summary>Writes one answer: its items as they come, then their count.</summary>
internal abstract class Answer(TextWriter output)
{
    protected TextWriter Output => output;

    internal static Answer For(View view, TextWriter output) => view.Json ? new JsonAnswer(output) : new TextAnswer(output);

    /// <summary>Says when it is, before an answer of several.</summary>
    internal abstract Task BeginAsync(DateTimeOffset now);

    internal abstract Task WriteAsync(PbmMessage.Item item);

    internal abstract Task EndAsync(long count, string items);
}
