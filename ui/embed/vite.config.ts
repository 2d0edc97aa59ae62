// Builds the connect page into dist-embed/: one script and one style that the engine serves under /embed/.
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { spokenTexts } from './texts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('.'),
  plugins: [spokenTexts(here('../../texts/en.json')), svelte({ configFile: here('../svelte.config.js') })],
  // The list would weigh more than a question for each app that is shown.
  define: { LOGOS: JSON.stringify('*') },
  base: '/embed/',
  clearScreen: false,
  build: {
    outDir: here('../dist-embed'),
    emptyOutDir: true,
    target: 'safari16',
    assetsInlineLimit: 0,
    modulePreload: false,
    cssCodeSplit: false,
    reportCompressedSize: false,
    rolldownOptions: {
      input: { embed: here('./main.ts') },
      output: {
        entryFileNames: 'assets/embed-[hash].js',
        assetFileNames: ({ names }) =>
          names.some((name) => name.endsWith('.css')) ? 'assets/embed-[hash][extname]' : 'assets/[name]-[hash][extname]',
        codeSplitting: false,
      },
    },
  },
});
