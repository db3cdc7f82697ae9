namespace Kyberium.Fuzzing;

/// <summary>Small changes to an input: bits flipped, bytes set, cut, inserted, repeated and removed.</summary>
internal static class Mutation
{
    internal static byte[] Of(byte[] input, Random random)
    {
        var bytes = input.ToList();
        for (var times = random.Next(1, 4); times > 0; times--)
        {
            var at = random.Next(bytes.Count + 1);
            switch (random.Next(7))
            {
                case 0 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 3:
                    bytes.Insert(at, (byte)random.Next(256));
                    break;
                case 4 when at + 1 < bytes.Count:
                    (bytes[at], bytes[at + 1]) = ((byte)0xff, (byte)0xff);
                    break;
                case 5:
                    bytes.AddRange(bytes.GetRange(at, Math.Min(random.Next(100), bytes.Count - at)));
                    break;
                default:
                    bytes.RemoveRange(at, Math.Min(random.Next(20), bytes.Count - at));
                    break;
            }
        }

        return [.. bytes];
    }
}
