using Kyberium.Engine.Settings;

namespace Kyberium.Engine;

/// <summary>Everything the engine can be told. HOCON: <c>kyberium.engine</c>; hocon/engine.conf lists every key.</summary>
public sealed class EngineOptions
{
    /// <summary>Gets or sets the folder of the embedded store. Empty when the engine is given a journal in code. Default empty.</summary>
    /// <remarks>HOCON: <c>data-directory</c>. One engine owns it; keep it on a disk whose flushes can be trusted.</remarks>
    public string DataDirectory { get; set; } = string.Empty;

    /// <summary>Gets the options under <c>keyring</c>: where the master keys lie.</summary>
    public KeyringOptions Keyring { get; } = new();

    /// <summary>Gets the options under <c>shard</c>: how many shards there are and what each holds at most.</summary>
    public ShardOptions Shard { get; } = new();

    /// <summary>Gets the options under <c>residency</c>: what stays in memory.</summary>
    public ResidencyOptions Residency { get; } = new();

    /// <summary>Gets the options under <c>handshake</c>: how sessions are established.</summary>
    public HandshakeOptions Handshake { get; } = new();

    /// <summary>Gets the options under <c>delivery</c>: how durable messages are sent again.</summary>
    public DeliveryOptions Delivery { get; } = new();

    /// <summary>Gets the options under <c>journal</c>: how much a recovery reads and how long keys are used.</summary>
    public JournalOptions Journal { get; } = new();

    /// <summary>Gets the options under <c>pipeline</c>: how streams are cut into batches.</summary>
    public PipelineOptions Pipeline { get; } = new();

    /// <summary>Gets the options under <c>links</c>: how envelopes reach peers.</summary>
    public LinksOptions Links { get; } = new();

    /// <summary>Gets the options under <c>cryptography</c>: which implementations compute.</summary>
    public CryptographyOptions Cryptography { get; } = new();

    /// <summary>Gets the options under <c>templates</c>: which policies there are.</summary>
    public TemplatesOptions Templates { get; } = new();

    /// <summary>Reports every problem at once, then freezes: the rest of the engine receives only settings.</summary>
    /// <exception cref="EngineException"><see cref="EngineErrorCode.OptionsInvalid"/>, one line per problem.</exception>
    internal EngineSettings ToSettings()
    {
        FindProblems().ThrowIfAny();
        return new EngineSettings(
            OptionPaths.Full(DataDirectory),
            Keyring.ToSettings(),
            Shard.ToSettings(),
            Residency.ToSettings(),
            Handshake.ToSettings(),
            Delivery.ToSettings(),
            Journal.ToSettings(),
            Pipeline.ToSettings(),
            Links.ToSettings(),
            Cryptography.ToSettings(),
            Templates.ToSettings());
    }

    /// <summary>Checks every option, for those who report where each was written as well.</summary>
    internal OptionProblems FindProblems()
    {
        var problems = new OptionProblems();
        problems.IsPathOrEmpty(DataDirectory, "kyberium.engine.data-directory");
        Keyring.Check(problems);
        Shard.Check(problems);
        Residency.Check(problems);
        Handshake.Check(problems);
        Delivery.Check(problems);
        Journal.Check(problems);
        Pipeline.Check(problems);
        Links.Check(problems);
        Cryptography.Check(problems);
        Templates.Check(problems);
        CheckKeyringIsOutside(problems);
        return problems;
    }

    private void CheckKeyringIsOutside(OptionProblems problems)
    {
        if (OptionPaths.IsInside(Keyring.Path, DataDirectory))
        {
            problems.Add(
                "kyberium.engine.keyring.path", Keyring.Path,
                "must lie outside kyberium.engine.data-directory: a copy of that must not hold its own key");
        }
    }
}
