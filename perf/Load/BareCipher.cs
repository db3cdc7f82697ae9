using System.Diagnostics;
using System.Security.Cryptography;
using Kyberium.Engine.Cryptography;

namespace Kyberium.Load;

/// <summary>The ceiling: a loop over as many AES-256-GCM keys as there are sessions, and nothing else.</summary>
internal static class BareCipher
{
    private const int HeaderSize = 44;

    /// <summary>The platform's class itself, without associated data.</summary>
    internal static double Platform(int keys, int[] order, int payloadSize)
    {
        var ciphers = Enumerable.Range(0, keys).Select(number => new AesGcm(Key(number), 16)).ToArray();
        var (nonce, payload, ciphertext, tag) = (new byte[12], new byte[payloadSize], new byte[payloadSize], new byte[16]);
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < order.Length; i++)
        {
            BitConverter.TryWriteBytes(nonce, i);
            ciphers[order[i]].Encrypt(nonce, payload, ciphertext, tag);
        }

        var rate = order.Length / watch.Elapsed.TotalSeconds;
        foreach (var cipher in ciphers)
        {
            cipher.Dispose();
        }

        return rate;
    }

    /// <summary>A provider as the engine calls it: with an envelope's header as associated data.</summary>
    internal static double Provider(AeadProvider provider, int keys, int[] order, int payloadSize)
    {
        var ciphers = Enumerable.Range(0, keys).Select(number => provider.CreateKey(Key(number))).ToArray();
        var (nonce, payload, ciphertext, tag) = (new byte[12], new byte[payloadSize], new byte[payloadSize], new byte[16]);
        var header = new byte[HeaderSize];
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < order.Length; i++)
        {
            BitConverter.TryWriteBytes(nonce, i);
            ciphers[order[i]].Seal(nonce, header, payload, ciphertext, tag);
        }

        var rate = order.Length / watch.Elapsed.TotalSeconds;
        foreach (var cipher in ciphers)
        {
            cipher.Dispose();
        }

        return rate;
    }

    private static byte[] Key(int number) => SHA256.HashData(BitConverter.GetBytes(number));
}
