// Plays the person in a browser at the sandbox's sign-in page.
import assert from 'node:assert/strict';

/** Opens a sign-in page and allows, or doesn't; returns what the last page says. */
export async function signIn(url, answer = 'allow') {
  const page = await fetch(url);
  const text = await page.text();
  const ticket = /name="ticket" value="([^"]+)"/.exec(text)?.[1];
  assert.ok(ticket, `no sign-in page at ${new URL(url).origin}: ${page.status}`);
  const form = new URLSearchParams({ ticket, person: 'ada', answer });
  const reply = await fetch(new URL('/authorize', url), { method: 'POST', body: form });
  return reply.text();
}
