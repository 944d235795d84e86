/** Makes the OpenAPI documents of both listeners from a site that exists only for that, in memory and a folder that is removed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSite } from '../server/compose.ts';
import type { App } from '../server/http/app.ts';
import { createConsoleApp } from '../server/http/console-app.ts';
import { apiDocument, type Listener } from '../server/http/openapi.ts';
import { createSeatsApp } from '../server/http/seats-app.ts';

/** The documents as `docs/openapi` holds them. */
export async function apiDocuments(): Promise<Readonly<Record<Listener, string>>> {
  const stateFolder = await mkdtemp(join(tmpdir(), 'wardlock-openapi-'));
  const site = await openSite({ stateFolder, database: 'sqlite::memory:', tenant: null });
  try {
    const [people, seats] = [await createConsoleApp(site, null), await createSeatsApp(site, null)];
    const document = async (app: App, listener: Listener): Promise<string> => {
      await app.ready();
      const text = apiDocument(app, listener);
      await app.close();
      return text;
    };
    return { console: await document(people, 'console'), seats: await document(seats, 'seats') };
  } finally {
    await site.close();
    await rm(stateFolder, { recursive: true, force: true });
  }
}
