// Copies the logos that the catalog names into src/logos: node tools/logos.mjs LOGOS_PACKAGE SIMPLE_ICONS_PACKAGE
// (unpacked @iconify-json/logos and simple-icons). Refuses anything in a logo that could run, load or be too large.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';

const [logosDir, simpleDir] = process.argv.slice(2);
if (!logosDir || !simpleDir) throw new Error('usage: node tools/logos.mjs LOGOS_PACKAGE SIMPLE_ICONS_PACKAGE');

const LARGEST = 8 * 1024;
/** Coloured logos, by catalog key. */
const LOGOS = {
  airtable: 'airtable',
  asana: 'asana-icon',
  confluence: 'confluence',
  discord: 'discord-icon',
  dropbox: 'dropbox',
  figma: 'figma',
  github: 'github-icon',
  gitlab: 'gitlab-icon',
  gmail: 'google-gmail',
  'google-calendar': 'google-calendar',
  'google-drive': 'google-drive',
  jira: 'jira',
  linear: 'linear-icon',
  'microsoft-onedrive': 'microsoft-onedrive',
  'microsoft-teams': 'microsoft-teams',
  notion: 'notion-icon',
  openai: 'openai-icon',
  anthropic: 'anthropic-icon',
  paypal: 'paypal',
  salesforce: 'salesforce',
  sendgrid: 'sendgrid-icon',
  sentry: 'sentry-icon',
  shopify: 'shopify',
  slack: 'slack-icon',
  spotify: 'spotify-icon',
  telegram: 'telegram',
  todoist: 'todoist-icon',
  trello: 'trello',
  twilio: 'twilio-icon',
  vercel: 'vercel-icon',
  zendesk: 'zendesk-icon',
  zoom: 'zoom-icon',
};
/** One-coloured logos, by catalog key: the name there and the brand's colour. */
const SIMPLE = {
  calendly: ['calendly', '#006BFF'],
  cloudflare: ['cloudflare', '#F38020'],
  'google-sheets': ['googlesheets', '#34A853'],
  hubspot: ['hubspot', '#FF7A59'],
  mailchimp: ['mailchimp', '#241C15'],
  stripe: ['stripe', '#635BFF'],
};

const read = (path) => readFileSync(path, 'utf8');
const { icons, width = 256, height = 256 } = JSON.parse(read(`${logosDir}/icons.json`));
const version = (dir) => JSON.parse(read(`${dir}/package.json`)).version;

mkdirSync('src/logos', { recursive: true });
const rows = [];
function write(key, svg, source) {
  const markup = svg.trim();
  if (/<script|\son\w+=|<foreignObject|href="(?!#)|url\((?!#)|<style|<!|@import/i.test(markup)) throw new Error(`${key}: not plain`);
  if (markup.length > LARGEST) throw new Error(`${key}: ${markup.length} bytes`);
  writeFileSync(`src/logos/${key}.svg`, `${markup}\n`);
  rows.push(`| ${key} | ${source} |`);
}

for (const [key, name] of Object.entries(LOGOS)) {
  const icon = icons[name];
  if (!icon) throw new Error(`no logo ${name}`);
  const [w, h] = [icon.width ?? width, icon.height ?? height];
  const box = `${icon.left ?? 0} ${icon.top ?? 0} ${w} ${h}`;
  write(key, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}">${icon.body}</svg>`, `@iconify-json/logos ${version(logosDir)}, \`${name}\``);
}
for (const [key, [name, colour]] of Object.entries(SIMPLE)) {
  const svg = read(`${simpleDir}/icons/${name}.svg`).replace('<svg ', `<svg fill="${colour}" `);
  write(key, svg, `simple-icons ${version(simpleDir)}, \`${name}\``);
}

writeFileSync(
  'src/logos/SOURCES.md',
  `# Where the logos come from

Copied by \`tools/logos.mjs\`; both sources are CC0. That grants no right to a trademark: a logo stands only for the service
it belongs to, is never altered, and is taken out when its owner asks. An app without one shows its first letters.

| App | Source |
|---|---|
${rows.sort().join('\n')}
`,
);
