/**
 * The cadence and the size of a seat's anchors on the wire, in compressed time: the syncer's lanes go three times as fast. At the
 * seat's own pace: test/long/server-cadence.test.ts.
 */
import { cadenceSuite } from '../support/cadence-suite.ts';

cadenceSuite(3);
