/** docs/machines.md is what the tables draw. After a change of the tables: `vitest run core/session/diagram.test.ts -u`. */
import { expect, test } from 'vitest';
import { machinesPage } from './diagram.ts';

test('docs/machines.md is current', async () => {
  await expect(machinesPage()).toMatchFileSnapshot('../../docs/machines.md');
});
