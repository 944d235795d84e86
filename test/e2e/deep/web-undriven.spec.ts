/**
 * What the first script of every page and frame of a web application refuses, asked by the pages themselves: a test driver has sessions of
 * its own in each page, and frames are not as they are without it.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import net from 'node:net';
import { expect, test } from '@playwright/test';
import { prepareGround } from '../support/seat.ts';
import { start } from '../support/undriven.ts';
import { openView } from '../support/views.ts';

const FRAMES = ['page', 'parsed', 'added', 'blank', 'sandboxed'] as const;
/** Tries it in a window, and tells the site. A sandboxed frame may tell nobody but its page. */
const tries = (server: string): string => `<script>
  const tell = (frame, name, outcome) => void fetch('/told?' + encodeURIComponent([frame, name, outcome].join(' ')));
  function attempt(where, frame, say) {
    for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection']) {
      try {
        const peer = new where[name]({ iceServers: [{ urls: ${JSON.stringify(server)}, username: 'x', credential: 'x' }] });
        peer.createDataChannel('x');
        peer.setLocalDescription();
        say(frame, name, 'made');
      } catch (error) { say(frame, name, error.name); }
    }
    const { configurable, writable } = Object.getOwnPropertyDescriptor(where, 'print');
    say(frame, 'print', configurable || writable ? 'open' : 'shut');
  }
</script>`;
const PAGE = `<h1>Home</h1><script>attempt(window, 'page', tell);</script>
<iframe src=/parsed></iframe><iframe sandbox=allow-scripts src=/sandboxed></iframe>
<script>
  onmessage = ({ data }) => tell(...data);
  const blank = document.createElement('iframe');
  document.body.append(blank);
  attempt(blank.contentWindow, 'blank', tell);
  const added = document.createElement('iframe');
  added.src = '/added';
  document.body.append(added);
</script>`;

test('escapes 23 and 32 in session: in no frame is there a peer connection or a way to print, and each try is named', async () => {
  let strangers = 0;
  const stranger = net.createServer((socket) => {
    strangers += 1;
    socket.destroy();
  });
  const script = tries(`turn:127.0.0.1:${await listening(stranger)}?transport=tcp`);
  const told: string[] = [];
  const site = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://site');
    const name = pathname.slice(1);
    if (name === 'told') told.push(decodeURIComponent(search.slice(1)));
    const say = name === 'sandboxed' ? "(...words) => parent.postMessage(words, '*')" : 'tell';
    const page = name === '' ? PAGE : `<script>attempt(window, ${JSON.stringify(name)}, ${say});</script>`;
    response.writeHead(200, { 'content-type': 'text/html' }).end(`${script}${page}`);
  });
  const origin = `http://127.0.0.1:${await listening(site)}`;
  const ground = await prepareGround();
  const kiosk = start(ground);
  try {
    await expect.poll(() => ground.agent.of('surface').length).toBe(1);
    const book = { id: 'book', name: 'Ward handbook', kind: 'web' as const, icon: 'book', url: `${origin}/`, origins: [origin] };
    ground.agent.push(openView({ apps: [{ ...book, state: 'running' }] }));
    ground.agent.web({ appId: 'book', action: 'open' });
    await expect
      .poll(() => [...told].sort())
      .toEqual(
        FRAMES.flatMap((frame) => [
          `${frame} RTCPeerConnection NotAllowedError`,
          `${frame} print shut`,
          `${frame} webkitRTCPeerConnection NotAllowedError`,
        ]).sort(),
      );
    await expect
      .poll(() => ground.agent.of('refused').map(({ border, what }) => `${border}: ${what}`))
      .toContainEqual(expect.stringContaining('protocol: webrtc'));
    expect(strangers).toBe(0);
  } finally {
    kiosk.process.kill('SIGTERM');
    await kiosk.ended;
    await ground.clear();
    site.closeAllConnections();
    site.close();
    stranger.close();
  }
});

async function listening(server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  return address.port;
}
