// Keys: how a shortcut is written on this system, and which key event is meant by it.

const MAC = typeof navigator !== 'undefined' && /Mac/.test(navigator.platform);

/** A shortcut such as `mod+k`, `mod+backspace`, `/`. */
export type Shortcut = string;

const FACES: Record<string, string> = { backspace: '⌫', enter: '⏎', escape: 'Esc', ',': ',', arrowup: '↑', arrowdown: '↓' };

/** The keys to press, one a cap: ["Ctrl", "K"]. */
export function caps(shortcut: Shortcut): string[] {
  return shortcut.split('+').map((key) => (key === 'mod' ? (MAC ? '⌘' : 'Ctrl') : (FACES[key] ?? key.toUpperCase())));
}

/** As `aria-keyshortcuts` wants it: "Control+K". */
export function spoken(shortcut: Shortcut): string {
  const name = (key: string) => (key === 'mod' ? (MAC ? 'Meta' : 'Control') : key[0]!.toUpperCase() + key.slice(1));
  return shortcut.split('+').map(name).join('+');
}

export function pressed(shortcut: Shortcut, event: KeyboardEvent): boolean {
  const keys = shortcut.split('+');
  const mod = keys[0] === 'mod';
  const held = MAC ? event.metaKey : event.ctrlKey;
  if (event.altKey || held !== mod || (mod && event.shiftKey)) return false;
  return event.key.toLowerCase() === keys.at(-1);
}
