// Runs one scenario by its name and fails with what it found: node run.mjs FILE SCENARIO; FILE --list names them all.
import assert from 'node:assert/strict';
import { contextOf } from './context.mjs';

const slug = (text) => text.toLowerCase().replace(/[^a-z0-9]+/g, '_').replace(/^_|_$/g, '');
const [file, name] = process.argv.slice(2);
const { default: scenarios } = await import(`./${file}.mjs`);
const known = Object.fromEntries(Object.entries(scenarios).map(([text, run]) => [slug(text), run]));
if (name === '--list') {
  console.log(JSON.stringify(Object.keys(known)));
  process.exit(0);
}
assert.ok(known[slug(name)], `there is no scenario ${name}`);
process.on('unhandledRejection', (reason) => {
  console.error('an unhandled rejection:', reason);
  process.exit(1);
});
await known[slug(name)](contextOf(process.env));
process.exit(0);
