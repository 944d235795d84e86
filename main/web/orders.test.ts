/** What waits for its address opens in the session it was meant for, or not at all. */
import { expect, test } from 'vitest';
import { createWebOrders } from './orders.ts';

function setting() {
  const done: string[] = [];
  const named = new Set<string>();
  const orders = createWebOrders({
    open: (appId) => named.has(appId) && done.push(`open ${appId}`) > 0,
    close: (appId) => done.push(`close ${appId}`),
    closeAll: () => done.push('closeAll'),
  });
  return { done, named, orders };
}

test('an application whose address is not known yet opens once, when it is', () => {
  const { done, named, orders } = setting();
  orders.take({ appId: 'web', action: 'open' });
  orders.pictured(true);
  expect(done).toEqual([]);
  named.add('web');
  orders.pictured(true);
  orders.pictured(true);
  expect(done).toEqual(['open web']);
});

test.each([
  ['it was closed', (orders: ReturnType<typeof createWebOrders>) => orders.take({ appId: 'web', action: 'close' })],
  ['everything was closed', (orders: ReturnType<typeof createWebOrders>) => orders.take({ appId: 'all', action: 'closeAll' })],
  ['the session became another', (orders: ReturnType<typeof createWebOrders>) => orders.pictured(false)],
])('what waited does not open after %s', (_name, over) => {
  const { done, named, orders } = setting();
  orders.take({ appId: 'web', action: 'open' });
  over(orders);
  named.add('web');
  orders.pictured(true);
  expect(done).not.toContain('open web');
});
