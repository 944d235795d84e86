import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bridgeBoundary } from '../../contract/bridge.ts';
import { judgeMessage } from './judge.ts';
import { INTENT_BURST, INTENTS_PER_SECOND, tokenBucket } from './rate.ts';

describe('the renderer boundary', () => {
  it('takes what the contract names', () => {
    expect(judgeMessage(['pin', { pin: '271828' }])).toEqual({ ok: true, request: { name: 'pin', params: { pin: '271828' } } });
    expect(judgeMessage(['show', { appId: null }])).toMatchObject({ ok: true });
  });

  it.each([
    [[]],
    [['pin']],
    [['pin', { pin: '271828' }, 'more']],
    [['pin', { pin: '27182' + 'a' }]],
    [['pin', { pin: '271828', path: '/bin/sh' }]],
    [['pin', null]],
    [['pin', ['271828']]],
    [['launch', { appId: '../../bin/sh' }]],
    [['launch', { appId: 7 }]],
    [['surface', { display: ':0', windowId: 1, width: 1, height: 1 }]],
    [['activity', { osIdleMs: 0, ownIdleMs: 0, nativeFront: false }]],
    [['badge', { number: '04A1B2C3D4' }]],
    [['__proto__', {}]],
    [['constructor', {}]],
    [['toString', {}]],
    [[{ name: 'pin' }, {}]],
  ])('escape 33: refuses %j', (message) => {
    expect(judgeMessage(message)).toMatchObject({ ok: false });
  });

  it('escape 33: refuses or fits, whatever arrives', () => {
    const name = fc.oneof(fc.constantFrom(...Object.keys(bridgeBoundary.requests)), fc.string());
    fc.assert(
      fc.property(name, fc.anything({ withBigInt: true, withMap: true, withSparseArray: true, maxDepth: 4 }), (given, params) => {
        const judged = judgeMessage([given, params]);
        if (judged.ok) expect(Object.hasOwn(bridgeBoundary.requests, given)).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses a message that is too large', () => {
    expect(judgeMessage(['enrol', { server: 'x'.repeat(300), token: 'y'.repeat(5000) }])).toMatchObject({ code: 'IPC_FRAME_TOO_LARGE' });
  });

  it('limits how often a page may speak', () => {
    const may = tokenBucket(INTENTS_PER_SECOND, INTENT_BURST);
    let passed = 0;
    for (let i = 0; i < 1000; i += 1) if (may(5_000)) passed += 1;
    expect(passed).toBe(INTENT_BURST);
    expect(may(5_000 + 1000 / INTENTS_PER_SECOND)).toBe(true);
  });
});
