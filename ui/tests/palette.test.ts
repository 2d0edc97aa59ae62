// The palette ranks by how well a name fits, a long list shows what is near, and keys are read as they are written.
import { expect, test } from 'vitest';
import { caps, pressed } from '../src/lib/keys';
import { fit } from '../src/lib/palette.svelte';
import { near } from '../src/lib/window.svelte';

test('starts of names come before parts, and all words have to fit', () => {
  expect(fit('GitHub', 'git')).toBeGreaterThan(fit('Add github', 'git'));
  expect(fit('Add github', 'git')).toBeGreaterThan(fit('Legit', 'git'));
  expect(fit('GitHub octocat', 'github nobody')).toBe(0);
  expect(fit('Société', 'societe')).toBeGreaterThan(0);
});

test('a short list is whole, and of a long one what is near', () => {
  expect(near(100, 57, 0, 600)).toEqual({ from: 0, to: 100 });
  expect(near(1000, 57, 0, 570)).toEqual({ from: 0, to: 22 });
  const middle = near(1000, 57, -5700, 570);
  expect([middle.from, middle.to]).toEqual([88, 122]);
  expect(near(1000, 57, -1e6, 570)).toEqual({ from: 1000, to: 1000 });
});

const event = (key: string, more: Partial<KeyboardEvent> = {}) =>
  ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more }) as KeyboardEvent;

test('a shortcut is what is written, and nothing more', () => {
  expect(caps('mod+k')).toEqual(['Ctrl', 'K']);
  expect(pressed('mod+k', event('k', { ctrlKey: true }))).toBe(true);
  expect(pressed('mod+k', event('k'))).toBe(false);
  expect(pressed('mod+k', event('k', { ctrlKey: true, altKey: true }))).toBe(false);
  expect(pressed('/', event('/', { shiftKey: true }))).toBe(true);
  expect(pressed('/', event('/', { ctrlKey: true }))).toBe(false);
});
