/** The cadence and the size of a seat's anchors on the wire, at the seat's own pace. */
import { cadenceSuite } from '../support/cadence-suite.ts';

cadenceSuite(1);
