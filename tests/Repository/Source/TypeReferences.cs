using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Kyberium.Repository.Tests.Source;

/// <summary>Which type names which, read from an assembly's metadata: bases, fields, signatures, locals, attributes and
/// method bodies. What the compiler folds away (constants, <c>nameof</c>) is not there to be seen.</summary>
internal sealed class TypeReferences
{
    private static readonly Dictionary<ushort, OpCode> OpCodes = typeof(OpCodes).GetFields()
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => (ushort)code.Value);

    private readonly MetadataReader _reader;
    private readonly PEReader _image;
    private readonly Names _names = new();
    private readonly HashSet<Reference> _found = [];

    private TypeReferences(PEReader image)
    {
        _image = image;
        _reader = image.GetMetadataReader();
    }

    /// <summary>Reads an assembly. Nested types count as the outermost type around them.</summary>
    internal static IReadOnlyCollection<Reference> Of(string assemblyPath)
    {
        using var image = new PEReader(File.OpenRead(assemblyPath));
        var references = new TypeReferences(image);
        foreach (var handle in references._reader.TypeDefinitions)
        {
            references.Walk(handle);
        }

        return references._found;
    }

    private void Walk(TypeDefinitionHandle handle)
    {
        var type = _reader.GetTypeDefinition(handle);
        var from = Outermost(handle);
        Add(from, type.BaseType);
        Attributes(from, type.GetCustomAttributes());
        foreach (var implemented in type.GetInterfaceImplementations())
        {
            Add(from, _reader.GetInterfaceImplementation(implemented).Interface);
        }

        foreach (var parameter in type.GetGenericParameters())
        {
            Constraints(from, parameter);
        }

        foreach (var fieldHandle in type.GetFields())
        {
            var field = _reader.GetFieldDefinition(fieldHandle);
            Attributes(from, field.GetCustomAttributes());
            Add(from, field.DecodeSignature(_names, null));
        }

        foreach (var methodHandle in type.GetMethods())
        {
            Method(from, _reader.GetMethodDefinition(methodHandle));
        }
    }

    private void Method(string from, MethodDefinition method)
    {
        Attributes(from, method.GetCustomAttributes());
        Add(from, method.DecodeSignature(_names, null));
        foreach (var parameter in method.GetGenericParameters())
        {
            Constraints(from, parameter);
        }

        if (method.RelativeVirtualAddress == 0)
        {
            return;
        }

        var body = _image.GetMethodBody(method.RelativeVirtualAddress);
        if (!body.LocalSignature.IsNil)
        {
            foreach (var local in _reader.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(_names, null))
            {
                Add(from, local);
            }
        }

        foreach (var region in body.ExceptionRegions)
        {
            Add(from, region.CatchType);
        }

        Body(from, body.GetILReader());
    }

    private void Body(string from, BlobReader il)
    {
        while (il.RemainingBytes > 0)
        {
            ushort code = il.ReadByte();
            if (code == 0xfe)
            {
                code = (ushort)(0xfe00 | il.ReadByte());
            }

            switch (OpCodes[code].OperandType)
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    Add(from, MetadataTokens.EntityHandle(il.ReadInt32()));
                    break;
                case OperandType.InlineSwitch:
                    var targets = il.ReadInt32();
                    il.Offset += 4 * targets;
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    il.Offset += 8;
                    break;
                case OperandType.InlineVar:
                    il.Offset += 2;
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    il.Offset += 1;
                    break;
                case OperandType.InlineNone:
                    break;
                default:
                    il.Offset += 4;
                    break;
            }
        }
    }

    private void Constraints(string from, GenericParameterHandle parameter)
    {
        foreach (var constraint in _reader.GetGenericParameter(parameter).GetConstraints())
        {
            Add(from, _reader.GetGenericParameterConstraint(constraint).Type);
        }
    }

    private void Attributes(string from, CustomAttributeHandleCollection attributes)
    {
        foreach (var attribute in attributes)
        {
            Add(from, _reader.GetCustomAttribute(attribute).Constructor);
        }
    }

    private void Add(string from, MethodSignature<IEnumerable<string>> signature)
    {
        Add(from, signature.ReturnType);
        foreach (var parameter in signature.ParameterTypes)
        {
            Add(from, parameter);
        }
    }

    private void Add(string from, IEnumerable<string> names)
    {
        foreach (var name in names)
        {
            _found.Add(new Reference(from, name));
        }
    }

    private void Add(string from, EntityHandle handle)
    {
        if (handle.IsNil)
        {
            return;
        }

        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition:
                _found.Add(new Reference(from, Outermost((TypeDefinitionHandle)handle)));
                break;
            case HandleKind.TypeReference:
                Add(from, _names.GetTypeFromReference(_reader, (TypeReferenceHandle)handle, 0));
                break;
            case HandleKind.TypeSpecification:
                Add(from, _reader.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(_names, null));
                break;
            case HandleKind.FieldDefinition:
                Add(from, _reader.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.MethodDefinition:
                Add(from, _reader.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
                break;
            case HandleKind.MemberReference:
                Member(from, _reader.GetMemberReference((MemberReferenceHandle)handle));
                break;
            case HandleKind.MethodSpecification:
                var generic = _reader.GetMethodSpecification((MethodSpecificationHandle)handle);
                Add(from, generic.Method);
                foreach (var argument in generic.DecodeSignature(_names, null))
                {
                    Add(from, argument);
                }

                break;
            default:
                break;      // strings and signatures name no type
        }
    }

    private void Member(string from, MemberReference member)
    {
        Add(from, member.Parent);
        if (member.GetKind() == MemberReferenceKind.Field)
        {
            Add(from, member.DecodeFieldSignature(_names, null));
        }
        else
        {
            Add(from, member.DecodeMethodSignature(_names, null));
        }
    }

    private string Outermost(TypeDefinitionHandle handle) => Names.Outermost(_reader, handle);

    /// <summary>Says that one type of the assembly names another, of this assembly or not.</summary>
    internal readonly record struct Reference(string From, string To);
}
