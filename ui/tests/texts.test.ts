// Every language says everything, with the same slots, and the engine's errors and findings have words in each.
import { readFileSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { languageOf } from '../src/lib/texts.svelte';

const folder = new URL('../../texts/', import.meta.url);
const read = (name: string) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Record<string, string>;
const english = read('en.json');
const others = readdirSync(folder).filter((name) => name !== 'en.json');
const slots = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
const plain = (texts: Record<string, string>) => Object.keys(texts).filter((key) => !key.startsWith('engine.'));

test.each(others)('%s has every text, and none of its own', (name) => {
  expect(plain(read(name)).sort()).toEqual(Object.keys(english).sort());
});

test.each(others)('%s has the same slots', (name) => {
  const texts = read(name);
  const wrong = Object.keys(english).filter((key) => String(slots(english[key]!)) !== String(slots(texts[key] ?? '')));
  expect(wrong).toEqual([]);
});

test.each(others)('%s says every error of the engine, and what to do', (name) => {
  const source = readFileSync(new URL('../../crates/model/src/error.rs', import.meta.url), 'utf8');
  const body = /pub enum ErrorCode \{(.*?)\n\}/s.exec(source)![1]!;
  const codes = [...body.matchAll(/^ {4}([A-Z]\w+),/gm)].map(([, code]) =>
    code!.replace(/(?<!^)([A-Z])/g, '_$1').toLowerCase(),
  );
  expect(codes.length).toBeGreaterThan(30);
  const texts = read(name);
  expect(codes.filter((code) => !texts[`engine.fault.${code}`] || !texts[`engine.hint.${code}`])).toEqual([]);
});

test.each(others)('%s says what every app can do, and why one fits', (name) => {
  const source = (path: string) => readFileSync(new URL(`../../crates/${path}`, import.meta.url), 'utf8');
  const texts = read(name);
  const lines = source('catalog/lexicon/capabilities.txt').split('\n').filter((line) => /^[a-z]/.test(line));
  const capabilities = lines.map((line) => line.split(': ')[0]!);
  expect(capabilities.length).toBeGreaterThan(100);
  expect(capabilities.filter((id) => !texts[`engine.capability.${id}`])).toEqual([]);
  const body = /pub enum BecauseKind \{(.*?)\n\}/s.exec(source('model/src/app.rs'))![1]!;
  const kinds = [...body.matchAll(/^ {4}([A-Z]\w+),/gm)].map(([, kind]) => kind!.replace(/(?<!^)([A-Z])/g, '-$1').toLowerCase());
  expect(kinds).toContain('called');
  expect(kinds.filter((kind) => kind !== 'capability' && !texts[`engine.reason.${kind}`])).toEqual([]);
});

test('every text is used', () => {
  const files = (at: URL): string[] =>
    readdirSync(at, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? files(new URL(`${entry.name}/`, at)) : /\.(ts|svelte)$/.test(entry.name) ? [readFileSync(new URL(entry.name, at), 'utf8')] : [],
    );
  const sources = files(new URL('../src/', import.meta.url)).join('\n');
  // Keys that are put together at run time, by how they start.
  const made = [...sources.matchAll(/`([\w.]+\.)\$\{/g)].map((match) => match[1]!);
  const rust = ['tray.', 'notice.'];
  const unused = Object.keys(english).filter((key) => {
    const stem = key.replace(/\.(one|other)$/, '');
    return ![...made, ...rust].some((start) => key.startsWith(start)) && !sources.includes(`'${key}'`) && !sources.includes(`'${stem}'`);
  });
  expect(unused).toEqual([]);
});

test('the language is the setting’s, else the desktop’s, else English', () => {
  expect(languageOf('de', ['en-GB'])).toBe('de');
  expect(languageOf('system', ['fr-FR', 'de-AT', 'en'])).toBe('de');
  expect(languageOf('system', ['fr'])).toBe('en');
});
