using System.Globalization;
using System.Reflection;
using System.Text;

namespace Kyberium.Repository.Tests.Packages;

/// <summary>Writes an assembly's public types and members as text: one line each, in ordinal order, the same on every machine.</summary>
internal static class PublicSurface
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(object)] = "object", [typeof(string)] = "string", [typeof(bool)] = "bool", [typeof(char)] = "char",
        [typeof(byte)] = "byte", [typeof(short)] = "short", [typeof(int)] = "int", [typeof(long)] = "long", [typeof(double)] = "double",
        [typeof(ushort)] = "ushort", [typeof(uint)] = "uint", [typeof(ulong)] = "ulong", [typeof(decimal)] = "decimal", [typeof(float)] = "float",
    };

    internal static string Of(Assembly assembly)
    {
        var text = new StringBuilder();
        foreach (var type in assembly.GetExportedTypes().OrderBy(FullName, StringComparer.Ordinal))
        {
            text.Append(text.Length == 0 ? "" : "\n").Append(Head(type)).Append('\n');
            foreach (var line in Members(type))
            {
                text.Append("  ").Append(line).Append('\n');
            }
        }

        return text.ToString();
    }

    private static string Head(Type type)
    {
        var kind = type switch
        {
            { IsEnum: true } => "enum",
            { IsInterface: true } => "interface",
            { IsValueType: true } => type.IsDefined(typeof(System.Runtime.CompilerServices.IsReadOnlyAttribute)) ? "readonly struct" : "struct",
            _ when typeof(Delegate).IsAssignableFrom(type) => "delegate",
            { IsAbstract: true, IsSealed: true } => "static class",
            { IsAbstract: true } => "abstract class",
            { IsSealed: true } => "sealed class",
            _ => "class",
        };
        var bases = type.GetInterfaces().Except(type.BaseType?.GetInterfaces() ?? []).Where(IsVisible).Select(Name).Order(StringComparer.Ordinal);
        if (type is { IsEnum: false, IsValueType: false, BaseType: { } parent } && parent != typeof(object) && parent != typeof(MulticastDelegate))
        {
            bases = bases.Prepend(Name(parent)).Order(StringComparer.Ordinal);
        }

        var list = type.IsEnum ? Name(Enum.GetUnderlyingType(type)) : string.Join(", ", bases);
        return $"{kind} {FullName(type)}" + (list.Length == 0 ? "" : " : " + list);
    }

    private static IEnumerable<string> Members(Type type)
    {
        if (type.IsEnum)
        {
            return Enum.GetValues(type).Cast<object>().OrderBy(value => Convert.ToInt64(value, CultureInfo.InvariantCulture))
                .Select(value => $"{value} = {Convert.ToInt64(value, CultureInfo.InvariantCulture)}");
        }

        return type.GetMembers(Declared).Select(member => (member.Name, Line: Line(type, member))).Where(entry => entry.Line is not null)
            .OrderBy(entry => entry.Name, StringComparer.Ordinal).ThenBy(entry => entry.Line, StringComparer.Ordinal)
            .Select(entry => entry.Line!);
    }

    private static string? Line(Type type, MemberInfo member) => member switch
    {
        ConstructorInfo constructor when IsOpen(constructor) => $"new({Parameters(constructor)})",
        FieldInfo { IsPublic: true, IsLiteral: true } field => $"const {Name(field.FieldType)} {field.Name} = {field.GetRawConstantValue()}",
        FieldInfo { IsPublic: true } field =>
            (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "") + $"{Name(field.FieldType)} {field.Name}",
        PropertyInfo property when property.GetAccessors(nonPublic: true).Any(IsOpen) => Property(property),
        EventInfo added when IsOpen(added.AddMethod!) => $"event {Name(added.EventHandlerType!)} {added.Name}",
        MethodInfo method when IsOpen(method) && !IsAccessor(method) && !IsWrittenByTheCompiler(method) => Method(type, method),
        _ => null,
    };

    private static string Property(PropertyInfo property)
    {
        var get = property.GetMethod is { } getter && IsOpen(getter) ? "get; " : "";
        var set = property.SetMethod is { } setter && IsOpen(setter) ? IsInit(setter) ? "init; " : "set; " : "";
        var required = property.IsDefined(typeof(System.Runtime.CompilerServices.RequiredMemberAttribute)) ? "required " : "";
        var isStatic = (property.GetMethod ?? property.SetMethod)!.IsStatic ? "static " : "";
        return $"{required}{isStatic}{Nullable(property)} {property.Name} {{ {get}{set}}}";
    }

    private static string Method(Type type, MethodInfo method)
    {
        var arguments = method.IsGenericMethodDefinition ? "<" + string.Join(", ", method.GetGenericArguments().Select(Name)) + ">" : "";
        return $"{Modifier(type, method)}{Nullable(method.ReturnParameter)} {method.Name}{arguments}({Parameters(method)})";
    }

    private static string Modifier(Type type, MethodInfo method) => method switch
    {
        { IsStatic: true } => "static ",
        _ when type.IsInterface => "",
        { IsAbstract: true } => "abstract ",
        { IsVirtual: true, IsFinal: false } when !type.IsSealed => "virtual ",
        _ => "",
    };

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(Parameter));

    private static string Parameter(ParameterInfo parameter)
    {
        var extends = parameter.IsDefined(typeof(System.Runtime.CompilerServices.ExtensionAttribute)) ? "this " : "";
        var passed = !parameter.ParameterType.IsByRef ? "" : parameter.IsOut ? "out " : parameter.IsIn ? "in " : "ref ";
        return extends + passed + Nullable(parameter) + " " + parameter.Name + (parameter.HasDefaultValue ? " = " + Default(parameter) : "");
    }

    private static string Default(ParameterInfo parameter) => parameter.DefaultValue switch
    {
        string text => $"\"{text}\"",
        bool flag => flag ? "true" : "false",
        { } value => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        null when parameter.ParameterType.IsValueType && System.Nullable.GetUnderlyingType(parameter.ParameterType) is null => "default",
        null => "null",
    };

    private static string Nullable(ParameterInfo parameter) =>
        Name(parameter.ParameterType) + Mark(parameter.ParameterType, new NullabilityInfoContext().Create(parameter));

    private static string Nullable(PropertyInfo property) =>
        Name(property.PropertyType) + Mark(property.PropertyType, new NullabilityInfoContext().Create(property));

    private static string Mark(Type type, NullabilityInfo info) =>
        info.ReadState == NullabilityState.Nullable && !type.IsValueType ? "?" : "";

    private static bool IsVisible(Type type) => type.IsVisible;

    private static bool IsOpen(MethodBase method) => method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly;

    private static bool IsInit(MethodInfo setter) =>
        setter.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(System.Runtime.CompilerServices.IsExternalInit));

    private static bool IsAccessor(MethodInfo method) =>
        method.IsSpecialName && !method.Name.StartsWith("op_", StringComparison.Ordinal);

    /// <summary>Records bring equality, printing and copies: the head of the type says so by its IEquatable.</summary>
    private static bool IsWrittenByTheCompiler(MethodInfo method) =>
        method.IsDefined(typeof(System.Runtime.CompilerServices.CompilerGeneratedAttribute));

    private static string FullName(Type type) =>
        type.IsNested ? FullName(type.DeclaringType!) + "." + Name(type) : type.Namespace + "." + Name(type);

    private static string Name(Type type)
    {
        if (type.IsByRef || type.IsPointer)
        {
            return Name(type.GetElementType()!) + (type.IsPointer ? "*" : "");
        }

        if (type.IsArray)
        {
            return Name(type.GetElementType()!) + "[]";
        }

        if (System.Nullable.GetUnderlyingType(type) is { } underlying)
        {
            return Name(underlying) + "?";
        }

        if (Keywords.TryGetValue(type, out var keyword))
        {
            return keyword;
        }

        if (!type.IsGenericType)
        {
            return type.Name;
        }

        var name = type.Name.Split('`')[0];
        return $"{name}<{string.Join(", ", type.GetGenericArguments().Select(Name))}>";
    }
}
