import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DenialReader } from './record.ts';

const ACCESS = 1423;
const DOMAIN = 1424;
const SYSCALL = 1300;
const END = 1320;
const at = (serial: number, text: string): string => `audit(1795456117.156:${serial}): ${text}`;
const exec = (path: string) => `domain=19c1c6c87 blockers=fs.execute,fs.read_file path=${path} dev="vda" ino=260958`;
const made = 'domain=19c1c6c87 status=allocated mode=enforcing pid=4987 uid=0 exe="/usr/bin/node" comm="MainThread"';

function denialsOf(records: readonly (readonly [number, string])[]) {
  const reader = new DenialReader();
  return records.flatMap(([type, text]) => reader.take(type, text) ?? []);
}

describe('Landlock’s audit records', () => {
  test('an event of a new domain names the process that made it', () => {
    const records = [
      [ACCESS, at(2, exec('"/usr/bin/true"'))],
      [DOMAIN, at(2, made)],
      [SYSCALL, at(2, 'arch=c000003e syscall=59 success=no exit=-13 ppid=4987 pid=5047')],
      [END, at(2, '')],
    ] as const;
    expect(denialsOf(records)).toEqual([{ domainPid: 4987, access: 'execute', path: '/usr/bin/true' }]);
  });

  test('later events of the domain are told with the same process, until it is gone', () => {
    const later = 'domain=19c1c6c87 blockers=fs.read_file path="/usr/bin/ls" dev="vda" ino=1';
    const records = [
      [ACCESS, at(2, exec('"/usr/bin/true"'))],
      [DOMAIN, at(2, made)],
      [END, at(2, '')],
      [ACCESS, at(3, later)],
      [END, at(3, '')],
      [DOMAIN, at(4, 'domain=19c1c6c87 status=deallocated denials=2')],
      [ACCESS, at(5, later)],
      [END, at(5, '')],
    ] as const;
    expect(denialsOf(records).map(({ access, path }) => [access, path])).toEqual([
      ['execute', '/usr/bin/true'],
      ['read', '/usr/bin/ls'],
    ]);
  });

  test('a name with a quote, a blank or letters of any language comes in hexadecimal', () => {
    const path = '/tmp/a "b" ü';
    const hexadecimal = Buffer.from(path).toString('hex').toUpperCase();
    const records = [
      [ACCESS, at(2, exec(hexadecimal))],
      [DOMAIN, at(2, made)],
      [END, at(2, '')],
    ] as const;
    expect(denialsOf(records)).toMatchObject([{ path }]);
  });

  test('a path can not pass for another field', () => {
    const records = [
      [ACCESS, at(2, exec('"/tmp/x=pid=1,domain=ffff"'))],
      [DOMAIN, at(2, made)],
      [END, at(2, '')],
    ] as const;
    expect(denialsOf(records)).toEqual([{ domainPid: 4987, access: 'execute', path: '/tmp/x=pid=1,domain=ffff' }]);
  });

  test('other records, and those of other accesses, say nothing', () => {
    const records = [
      [1327, at(1, 'proctitle=2F')],
      [ACCESS, at(2, 'domain=1 blockers=scope.signal opid=1 ocomm="x"')],
      [ACCESS, at(3, 'domain=1 blockers=fs.make_reg path="/tmp" dev="x" ino=1')],
      [END, at(2, '')],
      [END, at(3, '')],
      [END, 'nothing'],
    ] as const;
    expect(denialsOf(records)).toEqual([]);
  });

  test('no text makes it fail or remember without end', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom(ACCESS, DOMAIN, SYSCALL, END), fc.string())), (records) => {
        expect(() => denialsOf(records.map(([type, text], index) => [type, at(index, text)] as const))).not.toThrow();
      }),
    );
  });
});
