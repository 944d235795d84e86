/**
 * Loaded before a syncer's own program (`--import`): makes its lanes so many times faster as WARDLOCK_TEST_SPEED says. Everything else
 * of the process is as a seat runs it.
 */
import { lanes } from '../../agent/syncer/lanes.ts';

const speed = Number(process.env['WARDLOCK_TEST_SPEED'] ?? 1);
for (const lane of Object.values(lanes)) Object.assign(lane, { intervalMs: lane.intervalMs / speed });
