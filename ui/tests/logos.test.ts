// Logos come from others: each is a drawing and nothing else, stands for an app that there is, and is accounted for.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { logoOf } from '../src/lib/logos';

const folder = new URL('../../icons/apps/', import.meta.url);
const apps = new Set(readdirSync(new URL('../../crates/catalog/apps/', import.meta.url)).map((file) => file.replace('.toml', '')));
const files = readdirSync(folder).filter((file) => file.endsWith('.svg'));
const listed = [...readFileSync(new URL('SOURCES.md', folder), 'utf8').matchAll(/^\| ([a-z0-9][\w-]*) \| (.+) \|$/gm)].map(([, app]) => app);

const DRAWN =
  /^(svg|g|path|rect|circle|ellipse|line|polygon|polyline|defs|linearGradient|radialGradient|stop|clipPath|mask|use|symbol|title|filter|fe[A-Z]\w+)$/;

describe('logos', () => {
  it('are accounted for, and stand for an app', () => {
    expect(files.length).toBeGreaterThan(400);
    expect(files.map((file) => file.replace('.svg', '')).sort()).toEqual([...listed].sort());
    expect(listed.filter((app) => !apps.has(app!))).toEqual([]);
  });

  it('r93: are drawings that run nothing, load nothing and are small', () => {
    for (const file of files) {
      const svg = readFileSync(new URL(file, folder), 'utf8');
      const strange = [...svg.matchAll(/<\/?([A-Za-z][\w:-]*)/g)].map(([, name]) => name!).filter((name) => !DRAWN.test(name));
      expect(strange, file).toEqual([]);
      expect(svg, file).not.toMatch(/\son\w+\s*=|href\s*=\s*"(?!#)|url\((?!["']?#)|<!|@import|&[a-z]+;|javascript:/i);
      expect(svg.length, file).toBeLessThanOrEqual(8 * 1024);
    }
  });

  it('are known by the app they stand for', () => {
    expect(logoOf('slack')).toMatch(/logos\/slack\.svg$/);
    expect(logoOf('no-such-app')).toBeUndefined();
  });
});
