/**
 * Fills in the certificate of a drill: what the seat and its system were when it was played. It reads the machine's names and
 * versions and judges nothing.
 */
import { readFileSync } from 'node:fs';
import { arch, release, version } from 'node:os';
import type { DrillAttempt, DrillCertificate } from '../../contract/drill.ts';
import { BUILD } from '../build.ts';
import type { EnforcementMode } from '../launch/port.ts';
import { byHand } from './by-hand.ts';
import { verdictOf } from './play.ts';

export interface DrillRun {
  readonly practice: boolean;
  readonly seat: DrillCertificate['seat'];
  readonly policyVersion: number | null;
  /** Of the launcher that the drill used; null where it had none. */
  readonly layers: EnforcementMode | null;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly attempts: readonly DrillAttempt[];
}

const NO_LAYERS = { name: 'none', missing: [] } as const;
const WORDS_LIMIT = 500;

export function certificateOf(run: DrillRun): DrillCertificate {
  const { name, missing } = run.layers ?? NO_LAYERS;
  return {
    format: 'wardlock-drill/1',
    verdict: verdictOf(run.attempts),
    practice: run.practice,
    startedAt: run.startedAt,
    endedAt: run.endedAt,
    seat: run.seat,
    policyVersion: run.policyVersion,
    build: BUILD,
    os: system(),
    layers: { mode: name, missing: missing.map(({ layer, meaning }) => ({ layer, meaning: meaning.slice(0, WORDS_LIMIT) })) },
    attempts: [...run.attempts],
    byHand: [...byHand],
  };
}

/** os-release(5), and Debian's point release, which that file leaves out. */
function system(): DrillCertificate['os'] {
  const fields = new Map(
    textOf('/etc/os-release')
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1).replaceAll('"', '')] as const),
  );
  const point = textOf('/etc/debian_version').trim();
  const build = [fields.get('BUILD_ID') ?? fields.get('VERSION_ID') ?? 'unknown', ...(point === '' ? [] : [`Debian ${point}`])].join(', ');
  return { name: fields.get('PRETTY_NAME') ?? 'unknown', build, kernel: `${release()} ${version()} ${arch()}`.slice(0, WORDS_LIMIT) };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
