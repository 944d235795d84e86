/**
 * The clocks that entries state: wall time, time since boot (which goes on in suspend) and which boot it is. Owns reading
 * them; judges nothing, because a clock is a claim and not a proof.
 */
import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import { WardlockError } from '../../core/errors/index.ts';

export interface StoreClock {
  /** Microseconds since 1970 UTC. */
  wallMicros(): number;
  /** Microseconds of CLOCK_BOOTTIME. */
  bootMicros(): number;
  /** The same until the machine boots again. */
  bootId(): string;
}

const CLOCK_BOOTTIME = 7;
const MICROS_PER_SECOND = 1_000_000;
const NANOS_PER_MICRO = 1000;
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** The machine's clocks. Linux reads CLOCK_BOOTTIME; elsewhere the monotonic clock stands in, and a suspend is not counted. */
export function systemClock(): StoreClock {
  if (process.platform !== 'linux') {
    const origin = `process-${process.pid}-${Date.now()}`;
    return { wallMicros: wallClock, bootMicros: () => Number(process.hrtime.bigint() / 1000n), bootId: () => origin };
  }
  // A timespec: seconds and nanoseconds, 8 bytes each; by address, because this is asked before every commit.
  const time = new DataView(new ArrayBuffer(16));
  const address = Number(koffi.address(new Uint8Array(time.buffer)));
  const clockGettime = koffi.load('libc.so.6').func('int clock_gettime(int clock, uintptr_t time)');
  const bootId = readFileSync(BOOT_ID, 'utf8').trim();
  return {
    wallMicros: wallClock,
    bootMicros() {
      if (clockGettime(CLOCK_BOOTTIME, address) !== 0) throw new WardlockError('AUDIT_STORE_FAILED', 'The boot clock cannot be read.');
      return time.getUint32(0, true) * MICROS_PER_SECOND + Math.floor(time.getUint32(8, true) / NANOS_PER_MICRO);
    },
    bootId: () => bootId,
  };
}

/** Date.now has milliseconds; that is what a wall clock on a seat is good for. */
function wallClock(): number {
  return Date.now() * 1000;
}
