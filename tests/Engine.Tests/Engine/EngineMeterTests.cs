using System.Runtime.CompilerServices;

namespace Kyberium.Engine.Tests.Engine;

/// <summary>What the process's table of meters holds of an engine.</summary>
public sealed class EngineMeterTests
{
    [Fact]
    public void An_engine_that_was_given_up_without_being_disposed_is_not_kept_by_its_meter()
    {
        var (engine, meter) = GiveUp();
        for (var round = 0; round < 20 && (engine.IsAlive || meter.IsAlive); round++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(engine.IsAlive);
        Assert.False(meter.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static (WeakReference Engine, WeakReference Meter) GiveUp()
    {
        var engine = (SessionEngine)RuntimeHelpers.GetUninitializedObject(typeof(SessionEngine));
        return (new WeakReference(engine), new WeakReference(new EngineMeter(engine)));
    }
}
