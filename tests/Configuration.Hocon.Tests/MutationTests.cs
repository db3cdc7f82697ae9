using System.Diagnostics;
using System.Text;

namespace Kyberium.Configuration.Hocon.Tests;

/// <summary>Damaged input. Goal: whatever bytes come, reading ends soon with a document or a <see cref="HoconException"/>.
/// Method: seeded mutations of Vectors/hocon/corpus. A failure prints seed and text.</summary>
public sealed class MutationTests
{
    private const int InputsPerFile = 600;

    private static readonly string Corpus = Path.Combine(AppContext.BaseDirectory, "Vectors", "hocon", "corpus");

    private static readonly string[] Tokens =
    [
        "{", "}", "[", "]", "\"", "\"\"\"", "${", "${?", "$", ",", "\n", ":", "=", "+=", "+", ".", "..", "#", "//", " ", "\\", "\\u12",
        "include ", "include \"x\"", "required(", "file(", "null", "true", "-", "1e", "a", "${a}", "${?a}", "a.b", "\uFEFF", "\u2028", "\ud800",
    ];

    private static readonly HoconReadOptions Options = new()
    {
        Environment = name => name == "HOME" ? "/root" : null,
        IncludeDirectory = Corpus,
        Limits = new HoconLimits { ExpansionStepsMax = 100_000, ExpansionCharsMax = 100_000 },
    };

    public static TheoryData<string> Files => [.. Directory.GetFiles(Corpus).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    [Fact]
    public void Corpus_is_complete() => Assert.Equal(7, Files.Count);

    [Theory, MemberData(nameof(Files))]
    public void Damaged_input_ends_with_a_document_or_its_problems(string file)
    {
        var seedText = File.ReadAllText(Path.Combine(Corpus, file));
        var refused = 0;
        for (var seed = 0; seed < InputsPerFile; seed++)
        {
            var text = Mutate(seedText, new Random(seed));
            var elapsed = Stopwatch.StartNew();
            refused += IsRefused(file, text, seed) ? 1 : 0;
            Assert.True(elapsed.Elapsed < TimeSpan.FromSeconds(10), $"seed {seed} of {file} took {elapsed.Elapsed}:\n{text}");
        }

        Assert.InRange(refused, 1, InputsPerFile);
    }

    private static bool IsRefused(string file, string text, int seed)
    {
        try
        {
            using var stream = new MemoryStream(Encoding.UTF8.GetBytes(text));
            HoconDocument.Read(stream, Options with { SourceName = file });
            return false;
        }
        catch (HoconException e)
        {
            Assert.All(e.Problems, problem => Assert.True(problem.Line > 0 && problem.Column > 0 && problem.Message.Length > 0, problem.ToString()));
            return true;
        }
        catch (Exception e)   // any other exception is the bug this test looks for
        {
            throw new InvalidOperationException($"seed {seed} of {file}:\n{text}", e);
        }
    }

    private static string Mutate(string text, Random random)
    {
        var result = new StringBuilder(text);
        for (var count = random.Next(1, 6); count > 0 && result.Length > 0; count--)
        {
            var at = random.Next(result.Length);
            var length = Math.Min(random.Next(1, 20), result.Length - at);
            switch (random.Next(5))
            {
                case 0: result.Remove(at, length); break;
                case 1: result.Insert(at, result.ToString(at, length)); break;
                case 2: result.Insert(at, Tokens[random.Next(Tokens.Length)]); break;
                case 3: result[at] = (char)random.Next(random.Next(2) == 0 ? 128 : 65_536); break;
                default: result.Insert(random.Next(result.Length), result.ToString(at, length)); break;
            }
        }

        return result.ToString();
    }
}
