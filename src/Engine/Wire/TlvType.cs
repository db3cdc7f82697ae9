namespace Kyberium.Engine.Wire;

/// <summary>The fields of handshake and confirm payloads. The high bit marks a field that a reader must know.</summary>
internal enum TlvType : ushort
{
    /// <summary>The initiator's fingerprint, 48 bytes. First in msg1.</summary>
    InitiatorFingerprint = 0x8001,

    /// <summary>The receiver index the sender wants to be addressed by, 8 bytes.</summary>
    ReceiverIndex = 0x8002,

    /// <summary>Lowest and highest version, 2 bytes.</summary>
    VersionRange = 0x8003,

    /// <summary>Suite numbers, ascending, 2 bytes each.</summary>
    Suites = 0x8004,

    /// <summary>The header of the envelope that carries it, 44 bytes.</summary>
    OwnHeader = 0x8005,

    /// <summary>A delivery greeting, 72 bytes.</summary>
    Greeting = 0x8006,
}
