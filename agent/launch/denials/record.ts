/**
 * Reads Landlock's audit records (Linux 6.15, admin-guide/LSM/landlock): which program was kept from executing or reading what. Pure: text
 * in, denials out. Everything in a record that an application can choose is data, never an instruction.
 */

/** One access that Landlock denied. */
export interface Denial {
  /** The process that was to become the application whose rules these are, as the agent sees it. */
  readonly domainPid: number;
  readonly access: 'execute' | 'read';
  readonly path: string;
}

const SYSCALL_END = 1320;
const LANDLOCK_ACCESS = 1423;
const LANDLOCK_DOMAIN = 1424;
const SERIAL = /^audit\((\d+\.\d+:\d+)\): /u;
/** linux/audit.h: a value is quoted, or in hexadecimal when it holds a quote, a blank or a control character. */
const PATH = /(?:^| )path=(?:"([^"]*)"|([0-9A-F]+))(?: |$)/u;
/** More domains than this at a time means that their ends were missed; the oldest are then forgotten. */
const MAX_DOMAINS = 4_096;
const MAX_OPEN_EVENTS = 256;

interface OpenEvent {
  readonly domain: string;
  readonly access: Denial['access'];
  readonly path: string;
}

/** Puts the records of an event together. One for each listener. */
export class DenialReader {
  readonly #domains = new Map<string, number>();
  readonly #events = new Map<string, OpenEvent>();

  /** Takes the next record and gives back the denial that it completes. */
  take(type: number, text: string): Denial | undefined {
    const serial = SERIAL.exec(text)?.[1];
    if (serial === undefined) return undefined;
    if (type === LANDLOCK_ACCESS) this.#open(serial, text);
    if (type === LANDLOCK_DOMAIN) this.#learn(text);
    return type === SYSCALL_END ? this.#complete(serial) : undefined;
  }

  #open(serial: string, text: string): void {
    const domain = field(text, 'domain');
    const blockers = field(text, 'blockers')?.split(',') ?? [];
    const path = pathOf(text);
    if (domain === undefined || path === undefined) return;
    if (!blockers.includes('fs.execute') && !blockers.includes('fs.read_file')) return;
    keepWithin(this.#events, MAX_OPEN_EVENTS);
    this.#events.set(serial, { domain, access: blockers.includes('fs.execute') ? 'execute' : 'read', path });
  }

  /** The first denial of a domain comes with the process that made it, in the same event; its end comes alone. */
  #learn(text: string): void {
    const domain = field(text, 'domain');
    const pid = Number(field(text, 'pid'));
    if (domain === undefined) return;
    if (field(text, 'status') === 'deallocated') this.#domains.delete(domain);
    else if (Number.isSafeInteger(pid) && pid > 0) {
      keepWithin(this.#domains, MAX_DOMAINS);
      this.#domains.set(domain, pid);
    }
  }

  #complete(serial: string): Denial | undefined {
    const event = this.#events.get(serial);
    this.#events.delete(serial);
    const domainPid = event === undefined ? undefined : this.#domains.get(event.domain);
    return event === undefined || domainPid === undefined ? undefined : { domainPid, access: event.access, path: event.path };
  }
}

/** The first field of this name. Fields that an application can choose come after those that are read here. */
function field(text: string, name: string): string | undefined {
  return new RegExp(`(?:^| )${name}=([^ "]+)`, 'u').exec(text)?.[1];
}

function pathOf(text: string): string | undefined {
  const [, quoted, hexadecimal] = PATH.exec(text) ?? [];
  if (quoted !== undefined) return Buffer.from(quoted, 'latin1').toString('utf8');
  return hexadecimal === undefined ? undefined : Buffer.from(hexadecimal, 'hex').toString('utf8');
}

/** A Map keeps the order of insertion, so the first key is the oldest. */
function keepWithin(map: Map<string, unknown>, limit: number): void {
  const oldest = map.keys().next();
  if (map.size >= limit && oldest.done !== true) map.delete(oldest.value);
}
