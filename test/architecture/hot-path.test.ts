/**
 * The seat leads every key on the hot path, on both engines: real requests are served, and every statement that they make is
 * judged. The rule itself is shown statements that break it.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import { engines } from '../support/engines.ts';
import { hotPathSuite } from '../support/hot-path-suite.ts';

describe.each(engines)('the hot path on $name', (engine) => {
  beforeAll(engine.start);
  afterAll(engine.stop);
  hotPathSuite(engine.newDatabase);
});
