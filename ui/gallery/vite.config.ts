// Serves or builds the gallery: the console on a made-up core, for looking at every state. Not part of the product.
import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

const here = fileURLToPath(new URL('.', import.meta.url));

export default defineConfig({
  root: here,
  base: './',
  plugins: [svelte({ configFile: '../svelte.config.js' })],
  build: {
    target: 'safari16',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    outDir: '../dist-gallery',
    emptyOutDir: true,
    reportCompressedSize: false,
  },
});
