/**
 * A process whose memory is there twice: it opens an epoch, forks, and both sides seal an event at the same place with the
 * same keys. Test program only, for Linux; runs with --single-threaded, because a fork takes one thread along. Prints one JSON
 * line a side: what the kernel gave, and each entry's nonce. Argument: the file to write to.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import koffi from 'koffi';
import { CompactRange } from '../../core/audit/compact.ts';
import { LogDraft, NO_LINK } from '../../core/audit/draft.ts';
import { pad, parseHeader } from '../../core/audit/entry.ts';
import { treeHasher } from '../../core/audit/hasher.ts';
import { FRESH_BYTES } from '../../core/audit/seal.ts';
import { nodeCrypto } from '../../crypto/index.ts';

const libc = koffi.load('libc.so.6');
const fork = libc.func('int fork()');
const madvise = libc.func('int madvise(size_t, size_t, int)');
const wait = libc.func('int waitpid(int, _Out_ int*, int)');
const exit = libc.func('void _exit(int)');
/** A copy that found a part of its heap missing dies at once; then another is made. */
const TRIES = 50;
const [target = ''] = process.argv.slice(2);

const hasher = treeHasher(nodeCrypto);
const log = { workstation: nodeCrypto.random(16), incarnation: nodeCrypto.random(8) };
const logSigner = { name: 'wardlock/seat/test', signer: nodeCrypto.signer(nodeCrypto.random(32)) };
const recipients = (['reader', 'escrow'] as const).map((role) => ({
  role,
  publicKey: nodeCrypto.hpkePublicKey(nodeCrypto.random(32)),
}));
const time = { boot: 1, wallMicros: 1_700_000_000_000_000, bootMicros: 1 };
const opening = new LogDraft(nodeCrypto, hasher, { log, range: CompactRange.empty(hasher), link: NO_LINK, epoch: undefined });
opening.openEpoch({ reason: 'start', origin: { kind: 'enrolment' }, seed: nodeCrypto.random(32), recipients, logSigner, time });
const state = opening.state();
const words = (text: string) => pad(new TextEncoder().encode(text));
// Once before the fork: what is opened at first use is open in both.
nodeCrypto.random(1);

const side = copied() ? 'copy' : 'original';
const fresh = nodeCrypto.random(FRESH_BYTES);
const nonces = ['the same words', `the words of the ${side}`].map((text) => {
  const draft = new LogDraft(nodeCrypto, hasher, { ...state, range: state.range.copy() });
  draft.append(words(text), time, fresh);
  const [entry] = draft.entries;
  return entry === undefined ? '' : Buffer.from(parseHeader(entry.bytes).nonce).toString('hex');
});
appendFileSync(target, `${JSON.stringify({ side, kernel: Buffer.from(fresh).toString('hex'), nonces })}\n`);
// Without the exit handlers of a process whose other threads do not exist here.
exit(0);

/** Doubles this process; true in the copy, and false in the original once the copy has said what it had to say. */
function copied(): boolean {
  const status = [0];
  for (let at = 0; at < TRIES; at += 1) {
    for (let round = 0; round < 8; round += 1) inheritAll();
    const child: unknown = fork();
    if (child === 0) return true;
    wait(child, status, 0);
    if (status[0] === 0) return false;
  }
  throw new RangeError(`no copy lived: status ${status[0]}`);
}

/** V8 keeps its heap out of forks. This takes all of it along but for what reading the list itself makes, so it runs a few times. */
function inheritAll(): void {
  const MADV_DOFORK = 11;
  let area: RegExpExecArray | null = null;
  for (const line of readFileSync('/proc/self/smaps', 'utf8').split('\n')) {
    area = /^([0-9a-f]+)-([0-9a-f]+) /.exec(line) ?? area;
    if (area === null || !/^VmFlags:.* dc /.test(line)) continue;
    const [begin, end] = [BigInt(`0x${area[1]}`), BigInt(`0x${area[2]}`)];
    madvise(begin, end - begin, MADV_DOFORK);
  }
}
