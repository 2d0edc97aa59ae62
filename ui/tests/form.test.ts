// Forms say what is wrong at the right field.
import { expect, test } from 'vitest';
import { Problem } from '../src/lib/api';
import { check, fieldOf, filled } from '../src/lib/form';
import type { Field } from '../src/lib/wire';

const field = (key: string, more: Partial<Field> = {}): Field => ({
  key,
  label: key === 'key' ? 'API key' : 'Subdomain',
  secret: key === 'key',
  optional: false,
  ...more,
});
const fields = [field('subdomain'), field('key', { pattern: 'sk_[a-z]+', example: 'sk_abc' })];

test('an empty field is asked for by its name', () => {
  expect(check(fields, {})).toEqual({ subdomain: 'Fill in “Subdomain”.', key: 'Fill in “API key”.' });
});

test('an optional field may stay empty', () => {
  expect(check([field('subdomain', { optional: true })], {})).toEqual({});
});

test('a pattern covers the whole value, and the example is shown', () => {
  expect(check(fields, { subdomain: 'a', key: 'xsk_abc' }).key).toContain('sk_abc');
  expect(check(fields, { subdomain: 'a', key: ' sk_abc ' })).toEqual({});
});

test('a pattern that cannot be read locks nobody out', () => {
  expect(check([field('key', { pattern: '(?P<x>' })], { key: 'v' })).toEqual({});
});

test('a rejected key is said at the secret', () => {
  expect(fieldOf(new Problem('key_rejected', 'Stripe says this key is not valid.', ''), fields)).toBe('key');
});

test('an invalid field is said where it is named', () => {
  expect(fieldOf(new Problem('invalid_field', 'Subdomain is missing.', ''), fields)).toBe('subdomain');
});

test('an outage belongs to no field', () => {
  expect(fieldOf(new Problem('provider_unavailable', 'x', ''), fields)).toBeNull();
});

test('what stayed empty is not sent', () => {
  expect(filled(fields, { subdomain: '  ', key: ' sk_a ' })).toEqual({ key: 'sk_a' });
});
