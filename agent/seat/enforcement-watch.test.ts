import { expect, test } from 'vitest';
import type { EnforcementMode } from '../launch/port.ts';
import { EnforcementWatch } from './enforcement-watch.ts';

test('a seat that loses a layer shuts, and is repaired only once every layer is back', () => {
  let mode: EnforcementMode = { name: 'enforced', missing: [] };
  const watch = new EnforcementWatch(() => mode);
  expect(watch.look()).toBeNull();
  mode = { name: 'refusing', missing: [{ layer: 'landlock', meaning: 'Programs are not held back.' }] };
  expect(watch.look()).toEqual({ type: 'EnforcementFailed', why: 'landlock' });
  expect(watch.look()).toBeNull();
  mode = { name: 'enforced', missing: [] };
  expect(watch.look()).toEqual({ type: 'Repaired' });
  expect(watch.look()).toBeNull();
});
