using Kyberium.Host.Documents;

namespace Kyberium.Host.Control;

/// <summary>One line of the stream of received messages: a message, or the failure that ends the stream.</summary>
internal sealed record ControlLine(MessageDocument? Message = null, ProblemDocument? Problem = null);
