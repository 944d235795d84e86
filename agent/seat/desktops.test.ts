/** One desktop per session, in the window that the screens offer now, and none once they are gone. */
import { describe, expect, test } from 'vitest';
import { WardlockError } from '../../core/errors/index.ts';
import type { Desktop } from '../launch/port.ts';
import { Desktops } from './desktops.ts';

const silent = { info: () => {}, warn: () => {}, error: () => {} };
const surface = (windowId: number, width = 800) => ({ display: ':0', windowId, width, height: 600 });
const settled = (): Promise<void> => new Promise((later) => setImmediate(later));

function setting(works = true, guards = true) {
  const done: string[] = [];
  const desktops = new Desktops({
    launcher: {
      openDesktop: (session, { windowId, xauthority }) => {
        done.push(`open ${session} in ${windowId} with ${xauthority ?? 'no cookie'}`);
        if (!works) return Promise.resolve({ ok: false, reason: 'display-failed', detail: 'x' });
        const gone = Promise.withResolvers<void>();
        const desktop: Desktop = {
          ok: true,
          display: { name: ':7', xauthority: '/cookie' },
          ended: gone.promise,
          front: () => Promise.resolve(false),
          resize: (width) => Promise.resolve(void done.push(`resize ${session} to ${width}`)),
          end: () => {
            done.push(`end ${session}`);
            gone.resolve();
            return Promise.resolve();
          },
        };
        return Promise.resolve(desktop);
      },
    },
    guardKeys: ({ windowId }) => {
      if (!guards) return Promise.reject(new WardlockError('OS_DISPLAY_FAILED', 'x'));
      done.push(`guard ${windowId}`);
      return Promise.resolve({ end: () => void done.push(`unguard ${windowId}`) });
    },
    xauthority: '/seat-cookie',
    log: silent,
  });
  return { desktops, done };
}

describe('desktops', () => {
  test('wait for the screens’ window, open once, and follow its size', async () => {
    const { desktops, done } = setting();
    const ready = Promise.all([desktops.ready('a'), desktops.ready('a')]);
    desktops.offer(surface(5));
    await ready;
    desktops.offer(surface(5, 1_024));
    await settled();
    expect(done).toEqual(['guard 5', 'open a in 5 with /seat-cookie', 'resize a to 1024']);
  });

  test('are taken away when the screens are lost, and begin anew in the next window', async () => {
    const { desktops, done } = setting();
    desktops.offer(surface(5));
    await desktops.ready('a');
    desktops.withdraw();
    await settled();
    desktops.offer(surface(6));
    await desktops.ready('a');
    expect(done).toEqual(['guard 5', 'open a in 5 with /seat-cookie', 'end a', 'unguard 5', 'guard 6', 'open a in 6 with /seat-cookie']);
  });

  test('that could not be opened are tried again, and the launch is told', async () => {
    const { desktops, done } = setting(false);
    desktops.offer(surface(5));
    await expect(desktops.ready('a')).rejects.toMatchObject({ code: 'OS_DISPLAY_FAILED' });
    await expect(desktops.ready('a')).rejects.toMatchObject({ code: 'OS_DISPLAY_FAILED' });
    await settled();
    const once = ['guard 5', 'open a in 5 with /seat-cookie', 'unguard 5'];
    expect(done).toEqual([...once, ...once]);
  });

  test('are not shown where nothing keeps badge text from applications', async () => {
    const { desktops, done } = setting(true, false);
    desktops.offer(surface(5));
    await expect(desktops.ready('a')).rejects.toMatchObject({ code: 'OS_DISPLAY_FAILED' });
    expect(done).toEqual(['open a in 5 with /seat-cookie', 'end a']);
  });
});
