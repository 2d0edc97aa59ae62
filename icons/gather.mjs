// Copies the logos that icons/apps/SOURCES.md lists: node gather.mjs FOLDER, where the packages it names are unpacked.
// Refuses anything in a logo that could run, load something or be too large.
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const packages = process.argv[2];
if (!packages) throw new Error('usage: node gather.mjs FOLDER');
const apps = join(import.meta.dirname, 'apps');
const LARGEST = 8 * 1024;
/** What a picture is drawn of. Nothing here runs, and nothing here loads. */
const DRAWN = new Set(
  'svg g path rect circle ellipse line polygon polyline defs lineargradient radialgradient stop clippath mask use title symbol filter feflood feblend fegaussianblur fecolormatrix feoffset fecomposite'.split(' '),
);

const json = (path) => JSON.parse(readFileSync(join(packages, path), 'utf8'));
const coloured = json('@iconify-json/logos/icons.json');
const colours = new Map(json('simple-icons/data/simple-icons.json').map((icon) => [icon.slug, icon.hex]));

/** Refuses what is more than a drawing. */
function plain(app, svg) {
  const strange = [...svg.matchAll(/<\/?([a-z][\w:-]*)/gi)].map(([, name]) => name.toLowerCase()).find((name) => !DRAWN.has(name));
  if (strange) throw new Error(`${app}: <${strange}> is not drawn with`);
  if (/\son\w+\s*=|href\s*=\s*"(?!#)|url\((?!["']?#)|<!|@import|&[a-z]+;/i.test(svg)) throw new Error(`${app}: not plain`);
  if (svg.length > LARGEST) throw new Error(`${app}: ${svg.length} bytes`);
  return `${svg.trim()}\n`;
}

const DRAWINGS = {
  '@iconify-json/logos': (name) => {
    const { icons, width = 256, height = 256 } = coloured;
    const icon = icons[name];
    if (!icon) throw new Error(`there is no logo ${name}`);
    const box = [icon.left ?? 0, icon.top ?? 0, icon.width ?? width, icon.height ?? height].join(' ');
    return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}">${icon.body}</svg>`;
  },
  'simple-icons': (name) => {
    const colour = colours.get(name);
    if (!colour) throw new Error(`there is no icon ${name}`);
    const svg = readFileSync(join(packages, 'simple-icons/icons', `${name}.svg`), 'utf8');
    return svg.replace('<svg role="img" ', `<svg fill="#${colour}" `).replace(/<title>.*?<\/title>/, '');
  },
};

const rows = [...readFileSync(join(apps, 'SOURCES.md'), 'utf8').matchAll(/^\| ([\w-]+) \| (\S+) [\d.]+, `([\w-]+)` \|$/gm)];
const own = readFileSync(join(apps, 'SOURCES.md'), 'utf8').match(/^\| ([\w-]+) \| drawn for this product \|$/m)?.[1];
for (const file of readdirSync(apps)) if (file.endsWith('.svg') && file !== `${own}.svg`) rmSync(join(apps, file));
for (const [, app, from, name] of rows) writeFileSync(join(apps, `${app}.svg`), plain(app, DRAWINGS[from](name)));
console.log(`${rows.length} logos`);
