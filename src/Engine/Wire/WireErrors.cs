namespace Kyberium.Engine.Wire;

/// <summary>What the local caller is told about bytes that were refused.</summary>
internal static class WireErrors
{
    /// <summary>Explains why an envelope was refused before any key was tried.</summary>
    internal static EngineException Envelope(WireFailure failure) => failure switch
    {
        WireFailure.VersionUnsupported => new(
            EngineErrorCode.EnvelopeVersionUnsupported,
            $"the envelope's version is not {EnvelopeHeader.Version}; upgrade the older side"),
        WireFailure.SuiteUnsupported => new(
            EngineErrorCode.EnvelopeSuiteUnsupported,
            "the envelope's suite is not known here; upgrade this side, or have the peer use a suite both know"),
        _ => new(
            EngineErrorCode.EnvelopeMalformed,
            $"the bytes are not an envelope ({failure}); hand over exactly one whole envelope as it arrived"),
    };

    /// <summary>Explains why a public document was refused.</summary>
    internal static EngineException PublicDocument(WireFailure failure) => new(
        EngineErrorCode.PublicDocumentInvalid,
        $"the public document is not usable ({failure}); fetch it again from its owner and compare the fingerprint");
}
