/**
 * Builds the seat's screens: main and preload for Electron's own processes, renderer for its pages. Everything is bundled, so
 * that the app needs no node_modules at run time. Must target the oldest Electron that development uses (33: Chromium 130,
 * Node 20), and must inline no script, font or picture: the content security policy allows files of the app only.
 */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'electron-vite';
import type { Plugin } from 'vite';

const NODE_TARGET = 'node20.18';
const CHROME_TARGET = 'chrome130';

/** V8 keeps the text of a script for as long as it runs, and takes two bytes for each character where one of them is not ASCII. */
const asciiOnly: Plugin = {
  name: 'wardlock-ascii-only',
  generateBundle(_options, bundle) {
    for (const file of Object.values(bundle)) if (file.type === 'chunk') file.code = file.code.replace(/[^\0-\x7f]/g, escaped);
  },
};

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

export default defineConfig({
  main: {
    plugins: [asciiOnly],
    build: {
      outDir: 'out/main',
      minify: true,
      target: NODE_TARGET,
      externalizeDeps: false,
      rolldownOptions: { input: { index: 'main/index.ts' }, output: { format: 'es', entryFileNames: '[name].js' } },
    },
  },
  preload: {
    plugins: [asciiOnly],
    build: {
      outDir: 'out/preload',
      minify: true,
      target: NODE_TARGET,
      externalizeDeps: false,
      // A sandboxed preload is one CommonJS file that can load nothing but Electron.
      rolldownOptions: { input: { index: 'preload/index.ts' }, output: { format: 'cjs', entryFileNames: '[name].cjs' } },
    },
  },
  renderer: {
    root: 'renderer',
    base: './',
    plugins: [react(), asciiOnly],
    build: {
      outDir: 'out/renderer',
      minify: true,
      emptyOutDir: true,
      target: CHROME_TARGET,
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: { input: { index: 'renderer/index.html' } },
    },
  },
});
