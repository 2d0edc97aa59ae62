// The logos of known apps, as files of our own: nothing is loaded from elsewhere, and as images they can't run anything.

const files = import.meta.glob<string>('../logos/*.svg', { eager: true, query: '?url', import: 'default' });
const urls = new Map(Object.entries(files).map(([path, url]) => [/([^/]+)\.svg$/.exec(path)![1]!, url]));

export function logoOf(app: string): string | undefined {
  return urls.get(app);
}
