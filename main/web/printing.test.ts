/** A page's wish to print: recorded, made into sheets, handed over, one at a time, and only while it is seen. */
import { expect, test } from 'vitest';
import { createPrinting, PAGES_LIMIT, type PrintOutcome, pagesOf, REST_MS } from './printing.ts';

const sheets = (pages: number): Uint8Array =>
  Buffer.from(`%PDF-1.4\n${'<</Type /Page\n>>\n'.repeat(pages)}<</Type /Pages\n/Count ${pages}>>`);

function world() {
  const state = {
    done: [] as string[],
    session: 'one' as string | null,
    may: true,
    sheets: sheets(1),
    nowMs: 0,
    onPdf: () => {},
  };
  const printing = createPrinting({
    seenIn: () => state.session,
    ask: async (appId, part) => {
      state.done.push(`ask ${appId} ${part}`);
      return state.may;
    },
    told: (_appId: string, outcome: PrintOutcome) => state.done.push(`told ${outcome}`),
    pdf: async () => {
      state.done.push('pdf');
      state.onPdf();
      return state.sheets;
    },
    send: async () => {
      state.done.push('send');
      return 'sent';
    },
    refused: () => state.done.push('refused'),
    now: () => state.nowMs,
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return { state, printing, settled };
}

test('escape 23: it is asked first, then made into sheets, then sent, then told', async () => {
  const { state, printing, settled } = world();
  printing.wanted('chart', 'page', true);
  await settled();
  expect(state.done).toEqual(['ask chart page', 'pdf', 'send', 'told sent']);
});

test('escape 23: what nobody sees is refused without asking', async () => {
  const { state, printing, settled } = world();
  state.session = null;
  printing.wanted('chart', 'page', true);
  await settled();
  expect(state.done).toEqual(['refused']);
});

test.each([
  [false, ['ask chart page', 'refused']],
  [true, ['ask chart page', 'refused', 'told failed']],
] as const)(
  'escape 23: of what the policy does not allow the agent hears, and nothing is printed, also if it answers %s',
  async (may, done) => {
    const { state, printing, settled } = world();
    state.may = may;
    printing.wanted('chart', 'page', false);
    printing.wanted('chart', 'page', false);
    await settled();
    expect(state.done).toEqual(done);
  },
);

test('escape 23: a page that prints in a loop is asked about once at a time, and after a refusal not for a while', async () => {
  const { state, printing, settled } = world();
  state.may = false;
  for (let time = 0; time < 3; time += 1) printing.wanted('chart', 'page', true);
  await settled();
  printing.wanted('chart', 'page', true);
  expect(state.done).toEqual(['ask chart page', 'refused', 'refused', 'refused']);
  state.nowMs += REST_MS;
  printing.wanted('chart', 'frame', true);
  expect(state.done.at(-1)).toBe('ask chart frame');
});

test.each([
  ['too-long', PAGES_LIMIT + 1],
  ['failed', 0],
] as const)('%s: %d sheets are not sent', async (outcome, pages) => {
  const { state, printing, settled } = world();
  state.sheets = sheets(pages);
  printing.wanted('chart', 'page', true);
  await settled();
  expect(state.done).toEqual(['ask chart page', 'pdf', `told ${outcome}`]);
});

test.each([null, 'two'])('escape 23 locked: sheets that were made while the seat went over to session %s are not sent', async (next) => {
  const { state, printing, settled } = world();
  state.onPdf = () => {
    state.session = next;
  };
  printing.wanted('chart', 'page', true);
  await settled();
  expect(state.done).toEqual(['ask chart page', 'pdf', 'told locked']);
});

test('a page that can not be made into sheets leaves the way free for the next', async () => {
  const { state, printing, settled } = world();
  state.onPdf = () => {
    throw new Error('gone');
  };
  printing.wanted('chart', 'page', true);
  await settled();
  expect(state.done.at(-1)).toBe('told failed');
  state.onPdf = () => {};
  printing.wanted('chart', 'page', true);
  await settled();
  expect(state.done.at(-1)).toBe('told sent');
});

test('sheets are counted, the tree of them is not', () => expect(pagesOf(sheets(7))).toBe(7));
