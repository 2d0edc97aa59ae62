// Builds the console into dist/: plain files, no inline script or style, so that the strict content policy holds.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { define, logos } from './logos.ts';

export default defineConfig({
  plugins: [svelte(), logos()],
  define,
  base: './',
  clearScreen: false,
  build: {
    target: 'safari16',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { port: 5173, strictPort: true, fs: { allow: ['..'] } },
});
