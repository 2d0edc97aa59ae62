// The quick start of the README is run as it stands there, with a person who signs in where it says.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { signIn } from './person.mjs';

test('the quick start works as it is written', async (context) => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const code = /```js\n([\s\S]*?)```/.exec(readme)[1];
  // Inside the package, where its own name leads to it.
  const file = fileURLToPath(new URL('../quick-start.mjs', import.meta.url));
  await writeFile(file, code);
  context.after(() => rm(file));
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  let signing;
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text;
    const url = /Sign in: (http\S+)\n/.exec(said)?.[1];
    if (url) signing ??= signIn(url);
  });
  const code_ = await new Promise((resolve) => child.on('close', resolve));
  assert.equal(code_, 0, said);
  assert.match(said, /is ready\n/);
  assert.match(said, /Ada Winter/);
});
