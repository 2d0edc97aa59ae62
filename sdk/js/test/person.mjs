// Plays the person in a browser at the sandbox's sign-in page.
import assert from 'node:assert/strict';

/** Opens a sign-in page and allows, or doesn't. */
export async function signIn(url, answer = 'allow') {
  const page = await fetch(url);
  const ticket = /name="ticket" value="([^"]+)"/.exec(await page.text())?.[1];
  assert.ok(ticket, `no sign-in page at ${new URL(url).origin}: ${page.status}`);
  const form = new URLSearchParams({ ticket, person: 'ada', answer });
  await fetch(new URL('/authorize', url), { method: 'POST', body: form });
}

/** Ends access at the sandbox, as if somebody signed out there. */
export async function signOutEverywhere(membrane) {
  const { sandbox } = await membrane.status();
  const headers = { 'x-sandbox-control': '1', 'content-type': 'application/json' };
  const reply = await fetch(`${sandbox.url}/control/revoke`, { method: 'POST', headers, body: '{}' });
  assert.ok(reply.ok, `${reply.status}`);
}
