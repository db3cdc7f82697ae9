namespace Kyberium.Pbm.Prompt;

/// <summary>What a key press means to a line being typed.</summary>
internal enum KeyKind
{
    /// <summary>A character to insert.</summary>
    Character,
    Enter,
    Tab,
    Left,
    Right,
    Home,
    End,
    Up,
    Down,
    Backspace,
    Delete,
    DeleteToStart,
    DeleteToEnd,
    DeleteWord,
    Interrupt,

    /// <summary>The end of input; within a line it deletes, as shells have it.</summary>
    EndOfInput,
    Other,
}

/// <summary>A key press.</summary>
internal readonly record struct Key(KeyKind Kind, char Character = '\0')
{
    /// <summary>Reads what the console says was pressed.</summary>
    internal static Key Of(ConsoleKeyInfo pressed)
    {
        if ((pressed.Modifiers & ConsoleModifiers.Control) != 0)
        {
            return new Key(pressed.Key switch
            {
                ConsoleKey.A => KeyKind.Home,
                ConsoleKey.B => KeyKind.Left,
                ConsoleKey.C => KeyKind.Interrupt,
                ConsoleKey.D => KeyKind.EndOfInput,
                ConsoleKey.E => KeyKind.End,
                ConsoleKey.F => KeyKind.Right,
                ConsoleKey.K => KeyKind.DeleteToEnd,
                ConsoleKey.N => KeyKind.Down,
                ConsoleKey.P => KeyKind.Up,
                ConsoleKey.U => KeyKind.DeleteToStart,
                ConsoleKey.W => KeyKind.DeleteWord,
                ConsoleKey.Enter => KeyKind.Enter,      // how a line feed, as pasted text has it, is told
                _ => KeyKind.Other,
            });
        }

        return pressed.Key switch
        {
            ConsoleKey.Enter => new Key(KeyKind.Enter),
            ConsoleKey.Tab => new Key(KeyKind.Tab),
            ConsoleKey.LeftArrow => new Key(KeyKind.Left),
            ConsoleKey.RightArrow => new Key(KeyKind.Right),
            ConsoleKey.Home => new Key(KeyKind.Home),
            ConsoleKey.End => new Key(KeyKind.End),
            ConsoleKey.UpArrow => new Key(KeyKind.Up),
            ConsoleKey.DownArrow => new Key(KeyKind.Down),
            ConsoleKey.Backspace => new Key(KeyKind.Backspace),
            ConsoleKey.Delete => new Key(KeyKind.Delete),
            _ => pressed.KeyChar is '\r' or '\n' ? new Key(KeyKind.Enter)
                : char.IsControl(pressed.KeyChar) ? new Key(KeyKind.Other) : new Key(KeyKind.Character, pressed.KeyChar),
        };
    }
}
