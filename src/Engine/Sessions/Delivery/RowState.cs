namespace Kyberium.Engine.Sessions.Delivery;

/// <summary>How a message stands to its row in the store.</summary>
internal enum RowState : byte
{
    /// <summary>There is none: the message is in the journal's tail.</summary>
    Absent = 0,

    /// <summary>It holds the message as it is.</summary>
    Current = 1,

    /// <summary>It holds the message as it was: the next snapshot writes it again.</summary>
    Outdated = 2,
}
