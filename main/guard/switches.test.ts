import { describe, expect, it } from 'vitest';
import { refusedAtStart } from './switches.ts';

const argv = ['/opt/wardlock/wardlock', '--agent-socket', '/run/ui.sock', '--mode', 'kiosk'];

describe('escape 34: switches and variables that open a locked seat', () => {
  it('lets a clean start through', () => {
    expect(refusedAtStart('kiosk', argv, { PATH: '/usr/bin', DISPLAY: ':0' })).toEqual([]);
  });

  it.each([
    '--inspect',
    '--inspect=0',
    '--inspect-brk=9229',
    '--remote-debugging-port=0',
    '--remote-debugging-pipe',
    '--js-flags=--expose-gc',
    '--no-sandbox',
    '--renderer-cmd-prefix=sh',
    '--proxy-server=evil:1',
  ])('escape 34: refuses %s in a locked seat', (given) => {
    expect(refusedAtStart('kiosk', [...argv, given], {})).toEqual([given.split('=')[0]]);
  });

  it.each(['NODE_OPTIONS', 'ELECTRON_RUN_AS_NODE', 'LD_PRELOAD', 'SSLKEYLOGFILE', 'GTK_MODULES'])('escape 34: refuses %s', (name) => {
    expect(refusedAtStart('kiosk', argv, { [name]: '1' })).toEqual([name]);
  });

  it('lets a test driver into a rehearsal, and nothing else', () => {
    expect(refusedAtStart('rehearsal', [...argv, '--inspect=0', '--remote-debugging-port=0'], {})).toEqual([]);
    expect(refusedAtStart('rehearsal', [...argv, '--no-sandbox', '--js-flags=x'], { LD_PRELOAD: 'x' })).toEqual([
      '--no-sandbox',
      '--js-flags',
      'LD_PRELOAD',
    ]);
  });
});
