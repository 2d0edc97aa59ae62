// The logos of known apps, as files of our own: nothing is loaded from elsewhere, and as images they can't run anything.

/** The keys of the apps that have one, set by the build; `*` where the engine is asked for each. */
declare const LOGOS: string;

const known = new Set(LOGOS.split(' '));

export function logoOf(app: string): string | undefined {
  return known.has(app) || known.has('*') ? `${import.meta.env.BASE_URL}logos/${app}.svg` : undefined;
}
