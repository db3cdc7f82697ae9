namespace Kyberium.Engine.Tests.Cryptography;

/// <summary>For tests that look at memory after it was given back, or count what is out in the process: they run while no other test does.</summary>
[CollectionDefinition(nameof(SecretMemoryAlone), DisableParallelization = true)]
public sealed class SecretMemoryAlone;
