/** A site without a server. Apart from the server's process, because tests of pages in a browser can't take its types. */
import { openSite } from '../../server/compose.ts';

/** Makes a site that no server serves yet. */
export async function makeSite(state: string): Promise<void> {
  await (await openSite({ stateFolder: state, database: null, tenant: null })).close();
}
