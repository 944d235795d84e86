import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { openDeadEnd } from './dead-end.ts';

async function answered(port: number, said: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(said);
  return text(socket);
}

describe('escape 32: the proxy that leads nowhere', () => {
  it.each([
    ['GET http://evil.example:8080/patient/7?name=Smith HTTP/1.1\r\nHost: evil.example\r\n\r\n', 'http://evil.example:8080'],
    ['CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n', 'https://evil.example'],
    ['CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\n\r\n', 'http://evil.example'],
    ['CONNECT [::1]:3478 HTTP/1.1\r\nHost: [::1]:3478\r\n\r\n', '[::1]:3478'],
  ])('refuses %j, and tells where it was to go and no more', async (said, origin) => {
    const told: string[] = [];
    const { port } = await openDeadEnd((one) => told.push(one));
    expect(await answered(port, said)).toMatch(/^HTTP\/1\.1 403 /u);
    expect(told).toEqual([origin]);
  });

  it('ends what is no request at all, and goes on', async () => {
    const told: string[] = [];
    const { port } = await openDeadEnd((one) => told.push(one));
    expect(await answered(port, '\u0016\u0003\u0001 nothing\r\n\r\n')).toBe('');
    expect(await answered(port, 'CONNECT evil.example:1 HTTP/1.1\r\nHost: evil.example:1\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /u);
    expect(told).toEqual(['evil.example:1']);
  });
});
