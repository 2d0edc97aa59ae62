// Web addresses as people paste and type them: with a scheme or without, with or without a path.

/** Returns the host that a text is an address of, as it is shown; null for any other text. */
export function hostOf(text: string): string | null {
  const typed = text.trim();
  if (typed === '' || /\s/.test(typed)) return null;
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(typed)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') return null;
  // An e-mail address, or a user's name within a link, is nobody's app.
  if (/^[^/?#]*@/.test(typed.replace(/^\w+:\/\//, ''))) return null;
  let url;
  try {
    url = new URL(scheme ? typed : `https://${typed}`);
  } catch {
    return null;
  }
  const { hostname } = url;
  const named = /^[^.]+(\.[^.]+)*\.[\p{L}][\p{L}\p{N}-]+$/u.test(hostname);
  // A number or a bare name is an address only where it is written as one: "3.5" and "localhost" are words.
  const written = scheme !== undefined && (hostname === 'localhost' || /^[\d.]+$/.test(hostname) || hostname.startsWith('['));
  return named || written ? url.host.replace(/^www\.(?=[^.]+\.)/, '') : null;
}
