/**
 * What becomes of a page's wish to print: asked of the agent, which records it first, then made into a PDF and handed to the printer.
 * One at a time. It must never open a dialog, and nothing of the page but its sheets leaves the seat: no title, no address.
 */
import type { Params } from '../../contract/boundary.ts';
import type { UiBoundary } from '../../contract/ui.ts';

/** The page itself, or a frame within it, which Chromium can't make into sheets by itself. */
export type PrintedPart = Params<UiBoundary, 'print'>['part'];
export type PrintOutcome = Params<UiBoundary, 'printed'>['outcome'];

/** Making the sheets; a page that hangs would take for ever, in milliseconds. */
const SHEETS_LIMIT_MS = 20_000;
/** Sheets of one print. */
export const PAGES_LIMIT = 50;
/** Of a PDF, in bytes. */
const PDF_LIMIT = 64 * 1024 * 1024;
/** After a print that was refused nobody is asked again for so long, in milliseconds: a page can print in a loop. */
export const REST_MS = 1_000;

export interface PrintingPorts {
  /** The session in which this app is to be seen now; null when it is not. */
  readonly seenIn: (appId: string) => string | null;
  /** Whether it may, and that is recorded. */
  readonly ask: (appId: string, part: PrintedPart) => Promise<boolean>;
  readonly told: (appId: string, outcome: PrintOutcome) => void;
  readonly pdf: (appId: string) => Promise<Uint8Array>;
  /** Hands it to the seat's printer. Never rejects. */
  readonly send: (pdf: Uint8Array, appId: string) => Promise<PrintOutcome>;
  /** A print that is refused here. */
  readonly refused: () => void;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

export interface Printing {
  /**
   * A page wants to print.
   * @param allowed whether the policy let this app when it was opened: where it did not, the agent hears of it, and nothing is printed
   */
  wanted(appId: string, part: PrintedPart, allowed: boolean): void;
}

export function createPrinting(ports: PrintingPorts): Printing {
  let busy = false;
  let restUntil = Number.NEGATIVE_INFINITY;

  const print = async (appId: string, part: PrintedPart, session: string, allowed: boolean): Promise<void> => {
    if (!(await ports.ask(appId, part))) {
      restUntil = ports.now() + REST_MS;
      return;
    }
    ports.told(appId, allowed ? await outcomeOf(appId, session) : 'failed');
  };
  const outcomeOf = async (appId: string, session: string): Promise<PrintOutcome> => {
    const pdf = await within(SHEETS_LIMIT_MS, () => ports.pdf(appId)).catch(() => null);
    const pages = pdf === null ? 0 : pagesOf(pdf);
    if (pdf === null || pages === 0) return 'failed';
    if (pages > PAGES_LIMIT || pdf.length > PDF_LIMIT) return 'too-long';
    return ports.seenIn(appId) === session ? ports.send(pdf, appId) : 'locked';
  };

  return {
    wanted(appId, part, allowed) {
      const session = ports.seenIn(appId);
      if (session === null || busy || ports.now() < restUntil) return ports.refused();
      busy = true;
      // Without the agent nothing is recorded, so nothing is printed; the seat locks by then.
      print(appId, part, session, allowed)
        .catch(() => ports.refused())
        .finally(() => {
          busy = false;
        });
    },
  };
}

/** The sheets of a PDF as Chromium writes it: one object for each, never compressed. */
export function pagesOf(pdf: Uint8Array): number {
  return (
    Buffer.from(pdf.buffer, pdf.byteOffset, pdf.byteLength)
      .toString('latin1')
      .match(/\/Type\s*\/Page\b/g)?.length ?? 0
  );
}

async function within<T>(ms: number, work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('late')), ms);
  });
  try {
    return await Promise.race([work(), late]);
  } finally {
    clearTimeout(timer);
  }
}
