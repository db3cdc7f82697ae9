using System.Reflection;
using Kyberium.Engine.Cryptography;
using Kyberium.Engine.Cryptography.SecretMemory;

namespace Kyberium.Engine.Tests.Cryptography.Aead;

/// <summary>Runs while no other test does: the memory of a disposed key is given to the next one.</summary>
[Collection(nameof(SecretMemoryAlone))]
public sealed class KeyStateTests
{
    [Fact]
    public void A_key_keeps_its_schedule_and_eight_powers_and_zeroes_them_on_disposal()
    {
        foreach (var provider in AeadProvider.IntrinsicWidths)
        {
            var key = provider.CreateKey(new byte[AeadKey.KeySize]);
            var field = key.GetType().GetField("_state", BindingFlags.Instance | BindingFlags.NonPublic)!;
            Assert.True(((SecretSlot)field.GetValue(key)!).TryGet(out var state));

            Assert.Equal(240 + 128, state.Length);
            Assert.True(state[32..].ContainsAnyExcept((byte)0));
            key.Dispose();
            Assert.False(state.ContainsAnyExcept((byte)0));
            Assert.False(((SecretSlot)field.GetValue(key)!).TryGet(out _));
        }
    }

    [Fact]
    public void Making_and_disposing_keys_one_after_the_other_takes_no_new_memory_for_their_state()
    {
        foreach (var provider in AeadProvider.IntrinsicWidths)
        {
            var key = new byte[AeadKey.KeySize];
            Assert.InRange(Allocation.PerCall(() => provider.CreateKey(key).Dispose()), 0, 40);     // the object: its slot and its address
        }
    }
}
