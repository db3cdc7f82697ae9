using Kyberium.Engine.Cryptography;

namespace Kyberium.Engine.Sessions;

/// <summary>What the world gives one step. Time and entropy are inputs, never read from inside.</summary>
/// <param name="Wall">For what outlives the process: expiry of messages, age of an epoch while nobody held it.</param>
/// <param name="Now">For everything else.</param>
/// <param name="Entropy">Random bytes; a seeded source makes the step repeatable.</param>
internal readonly record struct StepInput(UnixMillis Wall, MonotonicMillis Now, IEntropySource Entropy);
