using System.Globalization;
using System.Reflection;
using System.Runtime.ExceptionServices;
using Xunit.Abstractions;

namespace Kyberium.Mutation;

/// <summary>One test with its arguments.</summary>
internal sealed record TestCase(string Name, Type Type, MethodInfo Method, object?[] Arguments)
{
    // By its name: the framework's assembly is the tests' own.
    private const string Lifetime = "Xunit.IAsyncLifetime";

    /// <summary>Runs the test to its end, with the object's construction and disposal.</summary>
    /// <exception cref="Exception">Whatever the test failed with.</exception>
    internal async Task RunAsync()
    {
        try
        {
            var instance = Method.IsStatic ? null : Construct();
            try
            {
                await LiveAsync(instance, "InitializeAsync").ConfigureAwait(false);
                switch (Method.Invoke(instance, WithDefaults()))
                {
                    case Task task:
                        await task.ConfigureAwait(false);
                        break;
                    case ValueTask task:
                        await task.ConfigureAwait(false);
                        break;
                    default:
                        break;
                }
            }
            finally
            {
                await LiveAsync(instance, "DisposeAsync").ConfigureAwait(false);
                if (instance is IAsyncDisposable asynchronous)
                {
                    await asynchronous.DisposeAsync().ConfigureAwait(false);
                }
                else
                {
                    (instance as IDisposable)?.Dispose();
                }
            }
        }
        catch (TargetInvocationException invocation) when (invocation.InnerException is { } cause)
        {
            ExceptionDispatchInfo.Throw(cause);
        }
    }

    private static Task LiveAsync(object? instance, string method) =>
        instance?.GetType().GetInterface(Lifetime)?.GetMethod(method)!.Invoke(instance, null) as Task ?? Task.CompletedTask;

    private object Construct() => Type.GetConstructors() is [var only] && only.GetParameters() is [{ ParameterType: var type }]
        && type == typeof(ITestOutputHelper)
            ? only.Invoke([new SilentOutput()])
            : Activator.CreateInstance(Type)!;

    private object?[] WithDefaults() => [.. Method.GetParameters().Select(parameter => ArgumentOf(parameter))];

    private object? ArgumentOf(ParameterInfo parameter) => parameter switch
    {
        _ when parameter.IsDefined(typeof(ParamArrayAttribute), inherit: false) && Arguments.ElementAtOrDefault(parameter.Position)?.GetType() != parameter.ParameterType
            => Rest(parameter.Position, parameter.ParameterType.GetElementType()!),
        _ when parameter.Position < Arguments.Length => Fitting(Arguments[parameter.Position], parameter.ParameterType),
        _ => parameter.DefaultValue,
    };

    private Array Rest(int from, Type type)
    {
        var rest = Array.CreateInstance(type, Math.Max(0, Arguments.Length - from));
        for (var i = 0; i < rest.Length; i++)
        {
            rest.SetValue(Fitting(Arguments[from + i], type), i);
        }

        return rest;
    }

    // An attribute holds 1 where the parameter wants 1u: the test framework converts it too.
    private static object? Fitting(object? argument, Type type) =>
        argument is IConvertible && type.IsPrimitive && argument.GetType() != type ? Convert.ChangeType(argument, type, CultureInfo.InvariantCulture) : argument;

    private sealed class SilentOutput : ITestOutputHelper
    {
        public void WriteLine(string message)
        {
        }

        public void WriteLine(string format, params object[] args)
        {
        }
    }
}
