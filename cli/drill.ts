/**
 * `drill`: tries the ways out of a kiosk that a program can play, on this seat, and writes a certificate. It opens sessions of its
 * own and never the seat: whoever works here goes on, and nobody is locked out.
 */
import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { EnforcementMode } from '../agent/launch/port.ts';
import type { Result } from '../contract/boundary.ts';
import type { CliBoundary } from '../contract/cli.ts';
import type { DrillAttempt, DrillCertificate, SignedDrill } from '../contract/drill.ts';
import { isWardlockError, WardlockError } from '../core/errors/index.ts';
import { askAgent, DEFAULT_SEAT_STATE, type SeatFlags, STATE_HELP, say } from './agent-client.ts';
import { tidyingOnLeave } from './leaving.ts';
import { assertNewFile } from './new-file.ts';

interface DrillFlags extends SeatFlags {
  readonly out?: string;
  readonly practice?: boolean;
}

type Facts = Result<CliBoundary, 'drillFacts'>;

const FAILED = 1;
const CAN_NOT_RUN = 2;
const INCOMPLETE = 3;
const WORDS = { held: 'held', through: 'GOT THROUGH', broken: 'COULD NOT BE TRIED', leftOut: 'left out' } as const;

export function register(program: Command): void {
  program
    .command('drill')
    .description(
      'try the ways out of a kiosk on this seat, for real, and write a certificate; exit code 0 all was tried and held, 1 something got through, 2 it can not run, 3 what was tried held and something was left out',
    )
    .option('--state <dir>', STATE_HELP, DEFAULT_SEAT_STATE)
    .option('--out <file>', 'write the certificate to this file; one that exists is never overwritten')
    .option('--practice', 'without the agent: try what this machine allows, and say what was left out')
    .option('--json', 'print the certificate as JSON')
    .action(async (flags: DrillFlags) => {
      try {
        await drill(flags);
      } catch (failure) {
        if (!isWardlockError(failure) || failure.code !== 'DRILL_NOT_READY') throw failure;
        process.stderr.write(
          flags.json === true ? `${JSON.stringify({ error: failure.toBody() })}\n` : `${failure.message} (${failure.code})\n`,
        );
        process.exitCode = CAN_NOT_RUN;
      }
    });
}

async function drill(flags: DrillFlags): Promise<void> {
  const isRoot = process.platform === 'linux' && process.geteuid?.() === 0;
  const practice = flags.practice === true;
  if (!isRoot && !practice)
    throw notReady('Run it as root on Linux: it opens sessions as the agent does. With --practice it tries what it can without.');
  const facts = practice ? null : await factsOf(flags.state);
  if (flags.out !== undefined) assertNewFile(flags.out, 'a certificate');
  const startedAt = new Date().toISOString();
  const { attempts, layers } = await play(flags.state, isRoot, facts);
  const { certificateOf } = await import('../agent/drill/certificate.ts');
  const endedAt = new Date().toISOString();
  const run = { practice, seat: facts?.seat ?? null, policyVersion: facts?.policyVersion ?? null, layers, startedAt, endedAt, attempts };
  const certificate = certificateOf(run);
  const signed: SignedDrill = { certificate, signature: practice ? null : await signatureOf(flags.state, certificate) };
  if (flags.out !== undefined) writeFileSync(flags.out, `${JSON.stringify(signed, undefined, 2)}\n`, { flag: 'wx' });
  const { BY_HAND_PASSES } = await import('../agent/drill/by-hand.ts');
  say(flags, signed, inWords(signed, BY_HAND_PASSES));
  process.exitCode = { passed: 0, incomplete: INCOMPLETE, failed: FAILED }[certificate.verdict];
}

async function play(
  state: string,
  isRoot: boolean,
  facts: Facts | null,
): Promise<{ readonly attempts: readonly DrillAttempt[]; readonly layers: EnforcementMode | null }> {
  const { openDrillSeat, seatAttempts, sessionAttempts } = await import('../agent/drill/compose.ts');
  const { playAll } = await import('../agent/drill/play.ts');
  const opening = isRoot ? openDrillSeat(state) : Promise.resolve(null);
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => (closed ??= opening.then((seat) => seat?.close()));
  return tidyingOnLeave(close, FAILED, async () => {
    const seat = await opening;
    try {
      const attempts = [...sessionAttempts(seat), ...seatAttempts(facts !== null)].sort((a, b) => a.escape - b.escape);
      const played = await playAll(attempts, (one) => process.stderr.write(`${lineOf(one)}\n`));
      return { attempts: played, layers: seat?.launcher.mode ?? null };
    } finally {
      await close();
    }
  });
}

/** @throws DRILL_NOT_READY, saying what is missing */
async function factsOf(state: string): Promise<Facts> {
  const facts = await askAgent(state, 'drillFacts', {}).catch((cause: unknown) => {
    throw notReady(`No agent answers for ${state}. Start the seat, or name its folder with --state.`, cause);
  });
  if (facts.seat === null) throw notReady('This seat is not enrolled, so it has no policy to be held to.');
  if (facts.policyVersion === null) throw notReady('This seat has no policy yet, so there is nothing that it is held to.');
  if (facts.mode !== 'enforced') throw notReady(`The agent does not enforce (${facts.mode}); doctor says what is missing.`);
  if (facts.isOpen) throw notReady('Somebody is signed in here or has work kept. Let them end their session first.');
  return facts;
}

function notReady(words: string, cause?: unknown): WardlockError {
  return new WardlockError('DRILL_NOT_READY', words, { cause });
}

/** Null when the agent can not give one; the certificate is then unsigned and says so. */
async function signatureOf(state: string, certificate: DrillCertificate): Promise<SignedDrill['signature']> {
  return askAgent(state, 'certify', { certificate }).catch(() => null);
}

function lineOf({ escape, what, outcome, detail }: DrillAttempt): string {
  return `${String(escape).padStart(3)}  ${WORDS[outcome]}: ${what}${detail === '' ? '' : `. ${detail}`}`;
}

function verdictInWords({ attempts, verdict }: DrillCertificate): string {
  if (verdict === 'passed') return 'PASSED';
  const outcomes: readonly DrillAttempt['outcome'][] = verdict === 'failed' ? ['through', 'broken'] : ['leftOut'];
  const escapes = [...new Set(attempts.filter(({ outcome }) => outcomes.includes(outcome)).map(({ escape }) => escape))];
  const which = escapes.length === 0 ? 'nothing was tried' : `escape ${escapes.join(', ')}`;
  return verdict === 'failed' ? `FAILED at ${which}` : `INCOMPLETE, what was tried held; not tried: ${which}`;
}

function inWords({ certificate, signature }: SignedDrill, passes: string): string {
  const { attempts, byHand, layers, os, policyVersion, practice, seat } = certificate;
  const count = (outcome: DrillAttempt['outcome']): number => attempts.filter((one) => one.outcome === outcome).length;
  const place = seat === null ? 'this machine' : `${seat.name} (${seat.workstationId})`;
  const signing = signature === null ? 'Unsigned: whoever has this certificate may have changed it.' : `Signed by ${signature.logKey}.`;
  return [
    `${verdictInWords(certificate)}: ${place}${practice ? ', practice only' : `, policy ${policyVersion}`}`,
    `${os.name} (${os.build}), kernel ${os.kernel}`,
    `Layers: ${layers.mode}${layers.missing.map(({ layer, meaning }) => `; without ${layer}: ${meaning}`).join('')}`,
    `${count('held')} held, ${count('through')} got through, ${count('broken')} could not be tried, ${count('leftOut')} left out`,
    practice ? 'Practice: this is no certificate of a seat.' : signing,
    '',
    `By hand. ${passes}`,
    ...byHand.map(({ escape, todo }) => `${String(escape).padStart(3)}  ${todo}`),
  ].join('\n');
}
