/**
 * Builds the web pages for IT and auditors, which the server hands out. Must inline nothing: the pages' content security policy
 * allows files of the server only. Targets the browsers of a hospital's office machines, not Electron.
 */
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const here = (folder: string): string => fileURLToPath(new URL(folder, import.meta.url));

export default defineConfig({
  root: here('console'),
  base: './',
  plugins: [react()],
  build: {
    outDir: here('out/console'),
    emptyOutDir: true,
    target: ['chrome115', 'firefox115', 'safari16.4'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
