/** What the documents point at is there: the pages and headings of their links, and the files of the repository that they name. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const folders = readdirSync(root, { withFileTypes: true }).filter((entry) => entry.isDirectory() && /^[a-z]/.test(entry.name));
/** Built, or installed: not in a fresh clone. */
const MADE = new Set(['out', 'dist', 'node_modules']);
const ours = new Set(folders.map(({ name }) => name).filter((name) => !MADE.has(name)));
const pages = ['README.md', ...readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? [join('docs', name)] : []))];

/** Headings as the addresses that links to them have. */
function anchorsIn(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** What one page points at and is not there. @param path from the root, which says where its links begin */
function missingIn(path: string, text: string): readonly string[] {
  const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link).filter((link) => !/^[a-z]+:/.test(link));
  const lost = links.filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? join(root, path) : join(root, dirname(path), file);
    if (!existsSync(target)) return true;
    return anchor !== undefined && !anchorsIn(readFileSync(target, 'utf8')).includes(anchor);
  });
  const named = [...text.matchAll(/`([a-z][\w.-]*\/[\w./-]+)`/g)].map(([, name = '']) => name);
  // A word in capitals stands for a name that the reader chooses.
  const gone = named.filter((name) => ours.has(name.split('/')[0] ?? '') && !/\b[A-Z]{2,}\b/.test(name) && !existsSync(join(root, name)));
  return [...lost, ...gone];
}

test.each(pages)('%s points at nothing that is not there', (path) => {
  expect(missingIn(path, readFileSync(join(root, path), 'utf8'))).toEqual([]);
});

describe('what would be found', () => {
  test.each([
    ['a page that is gone', '[x](nowhere.md)', 'nowhere.md'],
    ['a heading that is gone', '[x](development.md#nowhere)', 'development.md#nowhere'],
    ['a file that was moved', '`cli/nowhere.ts`', 'cli/nowhere.ts'],
    ['a folder that was moved', '`server/nowhere/`', 'server/nowhere/'],
  ])('%s', (_what, text, found) => expect(missingIn(join('docs', 'x.md'), text)).toEqual([found]));

  test('no more than that', () => {
    const sound =
      '[x](development.md#commands) [y](../README.md) [z](https://example.org/#x) `cli/main.ts` `test/bench/NAME.ts` `text/html`';
    expect(missingIn(join('docs', 'x.md'), sound)).toEqual([]);
  });
});
