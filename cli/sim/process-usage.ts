/** Resident memory and processor time of a process of this machine, as the kernel counts them (proc(5)). Linux only. */
import { readFileSync } from 'node:fs';
import { WardlockError } from '../../core/errors/index.ts';

/** `USER_HZ` of every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;
const KIB_PER_MIB = 1024;
/** Places of utime and stime behind the name. */
const UTIME = 11;
const STIME = 12;

export interface ProcessUsage {
  readonly mib: number;
  /** The most that it ever had. */
  readonly peakMib: number;
  readonly cpuSeconds: number;
}

/** @throws WardlockError START_USAGE when there is no such process */
export function processUsage(pid: number): () => ProcessUsage {
  const read = (file: string): string => {
    try {
      return readFileSync(`/proc/${pid}/${file}`, 'utf8');
    } catch (cause) {
      throw new WardlockError('START_USAGE', `There is no process ${pid} on this machine. Name the server's own.`, { cause });
    }
  };
  const look = (): ProcessUsage => {
    const status = read('status');
    const stat = read('stat');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const mib = (name: string): number => Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1] ?? 0) / KIB_PER_MIB);
    return {
      mib: mib('VmRSS'),
      peakMib: mib('VmHWM'),
      cpuSeconds: (Number(fields[UTIME]) + Number(fields[STIME])) / TICKS_PER_SECOND,
    };
  };
  look();
  return look;
}
