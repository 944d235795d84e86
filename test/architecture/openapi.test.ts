/** The API's description in docs/openapi is what the routes say today; each route says what it is and how it refuses. */
import { readFile } from 'node:fs/promises';
import { beforeAll, expect, test } from 'vitest';
import { apiDocuments } from '../../cli/api-documents.ts';
import { isErrorCode } from '../../core/errors/index.ts';
import { root } from './support.ts';

interface Operation {
  readonly summary?: string;
  readonly responses?: Readonly<Record<string, { readonly description: string; readonly content?: object }>>;
}
interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const listeners = ['console', 'seats'] as const;
let documents: Awaited<ReturnType<typeof apiDocuments>>;
beforeAll(async () => {
  documents = await apiDocuments();
});

/** What somebody must run; null when the file is the document. */
function stale(listener: string, file: string, document: string): string | null {
  return file === document
    ? null
    : `docs/openapi/${listener}.json is stale. Run: npm run -s cli -- server openapi ${listener} > docs/openapi/${listener}.json`;
}

test.each(listeners)('docs/openapi/%s.json is what the routes say', async (listener) => {
  const file = await readFile(`${root}/docs/openapi/${listener}.json`, 'utf8');
  expect(stale(listener, file, documents[listener])).toBeNull();
});

test('the check sees a difference', async () => {
  const file = await readFile(`${root}/docs/openapi/console.json`, 'utf8');
  const planted = file.replace('"summary": "The process lives"', '"summary": "The process lived"');
  expect(planted).not.toBe(file);
  expect(stale('console', planted, documents.console)).toContain('server openapi console');
});

test.each(listeners)('every operation of %s has a summary, an answer, and refusals with known codes', (listener) => {
  const { openapi, paths }: Document = JSON.parse(documents[listener]);
  expect(openapi).toBe('3.1.0');
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ name: `${method} ${path}`, operation })),
  );
  expect(operations.length).toBeGreaterThan(5);
  for (const { name, operation } of operations) {
    expect([name, operation.summary]).toEqual([name, expect.stringMatching(/^.{8,}$/)]);
    const answers = Object.entries(operation.responses ?? {});
    expect([name, answers.some(([status]) => status.startsWith('2'))]).toEqual([name, true]);
    expect([name, answers.some(([status]) => status.startsWith('5'))]).toEqual([name, true]);
    for (const [status, { description }] of answers) {
      const codes = description.match(/\b[A-Z]+_[A-Z_]+(?=:)/g) ?? [];
      if (status.startsWith('5') && description !== 'Done') expect(codes.length).toBeGreaterThan(0);
      for (const code of codes) expect([name, code, isErrorCode(code)]).toEqual([name, code, true]);
    }
  }
});
