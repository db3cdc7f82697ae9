using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Primitives;

namespace Kyberium.Configuration.Hocon;

/// <summary>Holds the keys of another provider, normalised, and follows its reloads.</summary>
internal sealed class KebabCaseConfigurationProvider : ConfigurationProvider, IDisposable
{
    private readonly IConfigurationProvider _inner;
    private readonly IDisposable _reloads;

    internal KebabCaseConfigurationProvider(IConfigurationProvider inner)
    {
        _inner = inner;
        _reloads = ChangeToken.OnChange(inner.GetReloadToken, () =>
        {
            Copy();
            OnReload();
        });
    }

    public override void Load()
    {
        _inner.Load();
        Copy();
    }

    public void Dispose()
    {
        _reloads.Dispose();
        (_inner as IDisposable)?.Dispose();
    }

    private void Copy()
    {
        var data = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        CopyChildren(null, data);
        Data = data;
    }

    private void CopyChildren(string? parent, Dictionary<string, string?> data)
    {
        foreach (var name in _inner.GetChildKeys([], parent).Distinct(StringComparer.OrdinalIgnoreCase))
        {
            var key = parent is null ? name : ConfigurationPath.Combine(parent, name);
            if (_inner.TryGet(key, out var value))
            {
                data[KebabCaseKeys.Normalize(key)] = value;
            }

            CopyChildren(key, data);
        }
    }
}
