namespace Kyberium.Engine;

/// <summary>What may be told of a master key.</summary>
/// <param name="Id">Its id, 32 hexadecimal digits.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="IsCurrent">Whether new keys are wrapped under it; the others only unwrap.</param>
public sealed record MasterKeyInfo(string Id, DateTimeOffset CreatedAt, bool IsCurrent);
