/**
 * Talks to the machine's smart card service, in a process of its own: a driver that hangs takes this process with it and not the
 * seat. Prints what it sees, one JSON document a line. It decides nothing, keeps no number, and ends with the agent.
 */
import { writeSync } from 'node:fs';
import { type Card, CardDisposition, CardMode, Client, Protocol, type Reader, ReaderStatus, type ReaderStatusFlags } from 'pcsc-mini';
import { endWithParent, giveUpCapabilities } from '../../os/privileges.ts';
import type { Reading } from '../port.ts';
import { parseLeftAlone } from './left-alone.ts';
import type { Told } from './messages.ts';
import { GET_UID, readingOf } from './uid.ts';

const STANDARD_OUTPUT = 1;
/** A service that went away is looked for again this often, in milliseconds. */
const RECONNECT_MS = 1_000;
/** A reader that nothing is heard of is asked this often whether it lives, in milliseconds. */
const PROBE_MS = 4_000;
/** Another program may hold the card for a moment, and a card at the edge of the field comes and goes. */
const TRIES = 4;
const TRY_AGAIN_MS = 120;
const ANSWER_BYTES = 512;

const AGAIN = new Set(['SharingViolation', 'ResetCard', 'CardIsBusy', 'UnpoweredCard', 'UnresponsiveCard']);
const TAKEN_AWAY = new Set(['NoSmartCard', 'RemovedCard', 'UnknownReader', 'ReaderUnavailable']);
const TOO_LONG = new Set(['InsufficientBuffer']);

const leftAlone = new Set(parseLeftAlone(process.argv[2]));

function tell(line: Told): void {
  writeSync(STANDARD_OUTPUT, `${JSON.stringify(line)}\n`);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const codeOf = (failure: unknown): string =>
  typeof failure === 'object' && failure !== null && 'code' in failure ? String(failure.code) : 'unknown';

/** Undefined when the card is no longer there. */
async function askForNumber(reader: Reader): Promise<Reading | undefined> {
  for (let left = TRIES; ; left -= 1) {
    let card: Card | undefined;
    try {
      card = await reader.connect(CardMode.SHARED);
      return readingOf(await card.transmit(GET_UID, new ArrayBuffer(ANSWER_BYTES)));
    } catch (failure) {
      const code = codeOf(failure);
      if (TAKEN_AWAY.has(code)) return undefined;
      if (TOO_LONG.has(code)) return { ok: false, why: 'number-length' };
      if (left <= 1 || !AGAIN.has(code)) return { ok: false, why: 'no-answer' };
    } finally {
      await card?.disconnect(CardDisposition.LEAVE).catch(() => {
        // The card was taken away meanwhile.
      });
    }
    await pause(TRY_AGAIN_MS);
  }
}

/** One reader, from when it comes into view until it is gone. */
class Watched {
  readonly #reader: Reader;
  #isGone = false;
  #isFirst = true;
  #isLying: boolean | undefined;
  /** Each card that is laid down has a number of its own, so that a reading of a former one is known to be old. */
  #visit = 0;
  #isBusy = false;
  #probe: NodeJS.Timeout | undefined;

  constructor(reader: Reader) {
    this.#reader = reader;
    tell({ is: 'reader', reader: reader.name(), there: true });
    reader.on('change', (status) => this.#changed(status));
    reader.on('disconnect', () => this.#gone());
    void this.#askWhetherAlive();
  }

  #changed(status: ReaderStatusFlags): void {
    const isLying = status.has(ReaderStatus.PRESENT);
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (isLying === this.#isLying) return;
    this.#isLying = isLying;
    this.#visit += 1;
    const reader = this.#reader.name();
    if (!isLying) {
      leftAlone.delete(reader);
      tell({ is: 'empty', reader });
    } else if (!leftAlone.has(reader)) {
      void this.#read(this.#visit, isFirst);
    }
  }

  async #read(visit: number, isFirst: boolean): Promise<void> {
    const reader = this.#reader.name();
    while (this.#isBusy) await pause(1);
    if (visit !== this.#visit) return;
    const reading = await this.#during('reading', () => askForNumber(this.#reader));
    // A short tap is over before its number is known: it counts all the same, and the card is gone.
    if (reading === undefined || (visit !== this.#visit && !reading.ok)) return;
    tell({ is: 'read', reader, first: isFirst, reading });
    if (this.#isLying !== true) tell({ is: 'empty', reader });
  }

  /** A call without a card: the service and the driver answer it, or hang. */
  async #askWhetherAlive(): Promise<void> {
    if (this.#isGone) return;
    if (!this.#isBusy) {
      await this.#during('probing', async () => {
        const direct = await this.#reader.connect(CardMode.DIRECT, Protocol.UNSET);
        await direct.disconnect(CardDisposition.LEAVE);
        return true;
      }).catch(() => {
        // Any answer is one, also that another program holds the reader.
      });
    }
    this.#probe = setTimeout(() => void this.#askWhetherAlive(), PROBE_MS);
  }

  async #during<T>(doing: 'reading' | 'probing', work: () => Promise<T>): Promise<T> {
    const reader = this.#reader.name();
    this.#isBusy = true;
    tell({ is: 'busy', reader, doing });
    try {
      return await work();
    } finally {
      this.#isBusy = false;
      tell({ is: 'done', reader });
    }
  }

  #gone(): void {
    this.#isGone = true;
    this.#visit += 1;
    clearTimeout(this.#probe);
    tell({ is: 'reader', reader: this.#reader.name(), there: false });
  }
}

let isUp: boolean | undefined;

function setUp(next: boolean): void {
  if (isUp === next) return;
  isUp = next;
  tell({ is: 'service', up: next });
}

/** A client whose service died is of no use any more: a new one is made. */
function connectToService(): void {
  const client = new Client();
  const lost = (): void => {
    try {
      client.stop();
    } catch {
      // There is no service left that could be told.
    }
    setUp(false);
    setTimeout(connectToService, RECONNECT_MS);
  };
  client.once('error', lost);
  client.on('reader', (reader) => new Watched(reader));
  try {
    client.start();
    setUp(true);
  } catch {
    client.removeListener('error', lost);
    client.on('error', () => {});
    setUp(false);
    setTimeout(connectToService, RECONNECT_MS);
  }
}

if (process.platform === 'linux') {
  if (process.geteuid?.() === 0) giveUpCapabilities();
  endWithParent();
}
process.stdin.on('data', () => tell({ is: 'pong' }));
process.stdin.on('end', () => process.exit(0));
connectToService();
