// The examples of the documentation, run as they stand there.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** Returns the code block of a page that follows a mark or a text. */
export function example(page, after) {
  const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
  const from = text.indexOf(after);
  assert.ok(from >= 0, `${page} has no ${after}`);
  return /```\w+\n([\s\S]*?)```/.exec(text.slice(from))[1];
}

export default {
  'the Node example of the official SDK page runs': async () => {
    const code = example('official-sdk.md', '<!-- example: node -->');
    const cwd = new URL('..', import.meta.url);
    const ran = spawnSync(process.execPath, ['--input-type=module', '--eval', code], { cwd, encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stdout, /^CLIENT_ACTION_REQUIRED http:\/\/127\.0\.0\.1/);
  },
  'the request example of the API page runs': async () => {
    const code = example('api.md', '## Connection requests').replace('hubspot', 'membrane-sandbox');
    const ran = spawnSync('sh', ['-c', code.replace('curl', 'curl -sf')], { encoding: 'utf8' });
    assert.equal(ran.status, 0, ran.stderr);
    assert.equal(JSON.parse(ran.stdout).status, 'pending');
  },
};
