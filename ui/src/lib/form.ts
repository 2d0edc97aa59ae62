// Forms: what is wrong with a value, and at which field a problem of the engine belongs.
import type { Problem } from './api';
import { t } from './texts.svelte';
import type { Field } from './wire';

export type Problems = Record<string, string>;

/** Checks a form before it is sent. */
export function check(fields: Field[], values: Record<string, string>): Problems {
  const found: Problems = {};
  for (const field of fields) {
    const value = (values[field.key] ?? '').trim();
    if (value === '') {
      if (!field.optional) found[field.key] = t('form.fill', { label: field.label });
    } else if (!fits(field.pattern, value)) {
      found[field.key] = field.example
        ? t('form.looksLike', { example: field.example })
        : t('form.wrong');
    }
  }
  return found;
}

function fits(pattern: string | undefined, value: string): boolean {
  if (!pattern) return true;
  try {
    return new RegExp(`^(?:${pattern})$`, 'u').test(value);
  } catch {
    // The engine checks it again; a pattern that this webview can't read must not lock the person out.
    return true;
  }
}

/** Places a problem of the engine: at the field it names, else at the secret, else at none. */
export function fieldOf(problem: Problem, fields: Field[]): string | null {
  if (problem.code !== 'invalid_field' && problem.code !== 'key_rejected') return null;
  const text = problem.message.toLowerCase();
  const named = fields.filter((f) => text.includes(f.label.toLowerCase()) || text.includes(`"${f.key.toLowerCase()}"`));
  if (named.length > 0) return named[0]!.key;
  const secrets = fields.filter((field) => field.secret);
  return (secrets.at(-1) ?? fields.at(-1))?.key ?? null;
}

/** Trims what was typed and leaves out what stayed empty. */
export function filled(fields: Field[], values: Record<string, string>): Record<string, string> {
  const entries = fields.map((field) => [field.key, (values[field.key] ?? '').trim()] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}
