/**
 * Loaded before a syncer's own program (`--import`): makes the turns of its lanes, and the waits after a failure, so many times shorter
 * as WARDLOCK_TEST_SPEED says. Everything else of the process is as a seat runs it.
 */
import { lanes } from '../../agent/syncer/lanes.ts';

const speed = Number(process.env['WARDLOCK_TEST_SPEED'] ?? 1);
// A certificate that has expired is to be refused before it is renewed: that lane keeps its interval.
for (const lane of Object.values(lanes)) if (lane !== lanes.renewal) Object.assign(lane, { intervalMs: lane.intervalMs / speed });
// The length of a lane's turn and of its wait after a failure, within their limits.
const fair = Math.random;
Math.random = () => fair() / speed;
