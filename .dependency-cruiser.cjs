// Who may import whom: the folder table of docs/architecture.md as rules. The parser is swc because TypeScript 7 has no JavaScript
// API; with the default parser this tool would look at no module and report success, so test/architecture counts modules and
// plants violations.

/** Folders of the product and what each may import beside itself. */
const mayImport = {
  core: [],
  contract: ['core'],
  crypto: ['contract', 'core'],
  ipc: ['contract', 'core'],
  policies: ['contract', 'core'],
  agent: ['contract', 'core', 'crypto', 'ipc', 'policies'],
  server: ['contract', 'core', 'crypto', 'policies'],
  main: ['contract', 'core', 'ipc'],
  preload: ['contract', 'core'],
  renderer: ['contract', 'core'],
  console: ['contract', 'core'],
  cli: ['agent', 'contract', 'core', 'crypto', 'ipc', 'policies', 'server'],
  demo: ['contract', 'core', 'crypto', 'ipc', 'policies'],
  build: [],
};

/**
 * Single files that a folder may import beyond its row: the demo makes and removes the seat's users and opens the seat's display as a
 * seat's set-up does, and the console wears the seat's colours.
 */
const exceptions = { demo: ['agent/os/users\\.ts$', 'agent/kiosk/display\\.ts$'], console: ['renderer/theme/tokens\\.css$'] };

/** Unit tests stand beside their source and may use what tests use. */
const TESTS = '\\.test\\.tsx?$';

const PACKAGES = 'node_modules';

const folderRules = Object.entries(mayImport).map(([folder, others]) => ({
  name: `${folder}-imports-downwards`,
  comment: `${folder}/ may import ${others.length === 0 ? 'no other folder' : others.join(', ')}.`,
  severity: 'error',
  from: { path: `^${folder}/`, pathNot: TESTS },
  to: {
    path: '^[^/]+/',
    pathNot: [`^(${[folder, ...others].join('|')})/`, PACKAGES, ...(exceptions[folder] ?? []).map((file) => `^${file}`)],
    dependencyTypesNot: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-no-pkg', 'npm-unknown', 'unknown'],
  },
}));

/** Libraries without I/O that the pure folders may use. */
const PURE = '^node_modules/(typebox|logform|jsonc-parser)/';

module.exports = {
  forbidden: [
    ...folderRules,
    {
      name: 'no-cycles',
      comment: 'Two files that need each other at run time are one idea in two files, or an idea too many.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'nothing-imports-tests-or-the-demo',
      severity: 'error',
      from: { pathNot: ['^test/', '^demo/', TESTS] },
      to: { path: ['^test/', '^demo/', TESTS] },
    },
    {
      name: 'pure-folders-stay-pure',
      comment: 'core/ and contract/ do no I/O: nothing of Node, and only libraries that are pure themselves.',
      severity: 'error',
      from: { path: '^(core|contract)/', pathNot: TESTS },
      to: { pathNot: ['^(core|contract)/', PURE] },
    },
    {
      name: 'pages-use-nothing-of-node',
      severity: 'error',
      from: { path: '^(renderer|console|preload)/', pathNot: TESTS },
      to: { dependencyTypes: ['core'], pathNot: '^electron$' },
    },
    {
      name: 'electron-stays-in-the-kiosk',
      severity: 'error',
      from: { pathNot: ['^(main|preload|test|build)/', '^demo/console-window/', '^electron\\.vite\\.config\\.ts$'] },
      to: { path: '^(node_modules/)?electron(/|$)' },
    },
    {
      name: 'native-modules-stay-out-of-electron',
      comment: 'Electron loads no native module, so that none is ever rebuilt for it.',
      severity: 'error',
      from: { path: '^(main|preload|renderer|console|contract|core)/', pathNot: TESTS },
      to: { path: '^node_modules/(better-sqlite3|keytar|koffi|sodium-native|@node-rs|pcsc-mini)(/|$)' },
    },
    {
      name: 'agent-has-no-network',
      comment: 'Only the syncer speaks to the network; the agent has local sockets.',
      severity: 'error',
      from: { path: '^agent/', pathNot: ['^agent/syncer/', TESTS] },
      to: { path: '^(node:)?(http|https|http2|tls|dgram)$' },
    },
    {
      name: 'syncer-holds-no-secrets',
      comment: "The syncer's only secret is its TLS key: it never sees the store, PINs, badges or seat keys.",
      severity: 'error',
      from: { path: '^agent/syncer/', pathNot: TESTS },
      to: { path: '^agent/(store|keys|credentials)/' },
    },
    {
      name: 'compose-is-the-edge',
      comment: 'compose.ts picks the concrete parts of a folder; only a program that starts may ask it to.',
      severity: 'error',
      from: { pathNot: ['(^|/)(main|index|compose)\\.ts$', '^cli/', '^test/', TESTS] },
      to: { path: '(^|/)compose\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-development-package-at-run-time',
      severity: 'error',
      from: { path: '^(agent|cli|contract|core|crypto|ipc|policies|server)/', pathNot: TESTS },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: ['^node_modules/@types/'] },
    },
    {
      name: 'everything-resolves',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '\\.(css|svg|woff2)$' },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: PACKAGES },
    exclude: { path: ['^out/', '^dist/'] },
    builtInModules: { add: ['electron'] },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
