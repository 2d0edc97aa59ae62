// What the npm package holds: the client, the element, their types and licences, and nothing else.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';

const here = new URL('..', import.meta.url);

test('the package holds what it exports, its types and its licences, and nothing else', async () => {
  const packed = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: here, encoding: 'utf8' });
  const files = JSON.parse(packed)[0].files.map((file) => file.path);
  const { exports: entries } = JSON.parse(await readFile(new URL('package.json', here), 'utf8'));
  for (const entry of Object.values(entries).flatMap((one) => Object.values(one))) {
    assert.ok(files.includes(entry.slice(2)), `${entry} is missing in ${files}`);
  }
  for (const file of ['README.md', 'LICENSE-MIT', 'LICENSE-APACHE', 'package.json']) assert.ok(files.includes(file), file);
  const other = files.filter((file) => !/^(dist\/[a-z]+\.(js|d\.ts)|README\.md|LICENSE-[A-Z]+|package\.json)$/.test(file));
  assert.deepEqual(other, []);
});

test('the element can be imported where there is no page', async () => {
  const { MembraneConnect } = await import('@membrane-desktop/sdk/element');
  assert.equal(typeof MembraneConnect, 'function');
});
