/**
 * Escape 40 for 20 seconds: ten workers against the session's walls, without a false deny and without a bypass.
 */
import { escape40 } from '../support/escape-40.ts';

escape40(20);
