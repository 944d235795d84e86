/** How often each lane of a syncer works when all is well. */
import type { Lane } from '../../core/sync/machine.ts';

export const lanes = {
  /** An onlooker must not learn from an anchor that something happened. */
  anchors: { work: 'uploading', intervalMs: 60_000, floor: 0.5, timerOnly: true },
  uploads: { work: 'uploading', intervalMs: 15_000, floor: 0.5 },
  updates: { work: 'downloading', intervalMs: 1000, floor: 0.5 },
  /** How far the seat enforces: told once, then only when it has changed. */
  standing: { work: 'uploading', intervalMs: 30_000, floor: 0.5 },
  people: { work: 'uploading', intervalMs: 30_000, floor: 0.5 },
  /** It asks nobody while the certificate is young; a machine that is on for some hours a day must get its turn. */
  renewal: { work: 'downloading', intervalMs: 60_000, floor: 0.5 },
} as const satisfies Record<string, Lane>;
