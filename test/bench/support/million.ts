/**
 * A store of a million ordinary events, or ten, for measuring, made by the product's own writer. Owns its folder and takes it away.
 */
import type { AuditEvent } from '../../../contract/events.ts';
import { canonicalJson } from '../../../core/envelope/canonical-json.ts';
import { type StoreKit, storeKit } from '../../audit/store-kit.ts';

export const MILLION = 1_000_000;
/** Canonical JSON of each event, in bytes: what `space` is measured against. */
export const EVENT_BYTES = 300;
const GROUP = 512;
/** Room enough that nothing is refused. */
const CAPACITY_BYTES = 32 * 1024 * 1024 * 1024;

/** An event of exactly EVENT_BYTES. */
export function eventOf300(): AuditEvent {
  const of = (detail: string): AuditEvent => ({ type: 'tamper.found', body: { fault: 'MEASURED', detail } });
  const empty = of('');
  const filler = EVENT_BYTES - canonicalJson({ body: empty.body, type: empty.type }).length;
  return of('x'.repeat(filler));
}

export async function bigStore(events: number, say: (text: string) => void): Promise<StoreKit> {
  const kit = await storeKit();
  say(`Recording ${events} events.`);
  const store = await kit.open({ capacityBytes: CAPACITY_BYTES });
  const event = eventOf300();
  for (let done = 0; done < events; done += GROUP) await Promise.all(Array.from({ length: GROUP }, () => store.append(event)));
  await store.close();
  return kit;
}
