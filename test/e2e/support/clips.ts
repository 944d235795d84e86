/**
 * A web app like a dashboard that shows short clips, with a pause between them, though nobody touches it, and has a list to choose from. Its page makes the clip by
 * itself, and counts what has ended.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Page } from '@playwright/test';
import type { Seat } from './seat.ts';
import { lockedView, openView } from './views.ts';

/** A clip of a few seconds, silent; long enough that the system's idle time shows when it ends. */
const CLIP_MS = 3_000;
const PAUSE_MS = 3_000;

const CLIPS_PAGE = `<!doctype html><title>Dashboard</title>
<style>html, body, video { margin: 0; width: 100%; height: 100%; }</style>
<style>select { position: absolute; left: 0; top: 0; width: 200px; font-size: 24px; }</style>
<video muted playsinline></video>
<select>${'<option>Ward</option>'.repeat(30)}</select>
<script>
const canvas = document.createElement('canvas');
canvas.width = 320;
canvas.height = 240;
const pen = canvas.getContext('2d');
let turn = 0;
const draw = () => {
  turn += 1;
  pen.fillStyle = 'hsl(' + (turn * 7) % 360 + ' 60% 50%)';
  pen.fillRect(0, 0, canvas.width, canvas.height);
};
const drawing = setInterval(draw, 50);
draw();
const recorder = new MediaRecorder(canvas.captureStream(20), { mimeType: 'video/webm;codecs=vp8' });
const parts = [];
recorder.ondataavailable = ({ data }) => parts.push(data);
recorder.onstop = () => {
  clearInterval(drawing);
  const video = document.querySelector('video');
  let ended = 0;
  video.onended = () => {
    ended += 1;
    document.body.dataset.ended = String(ended);
    setTimeout(() => video.play(), ${PAUSE_MS});
  };
  video.onerror = () => { document.body.dataset.failed = video.error.message; };
  video.src = URL.createObjectURL(new Blob(parts, { type: 'video/webm' }));
  video.play();
};
recorder.start();
setTimeout(() => recorder.stop(), ${CLIP_MS});
</script>`;

export interface ClipsSite {
  readonly origin: string;
  close(): Promise<void>;
}

export async function startClips(): Promise<ClipsSite> {
  const site = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(CLIPS_PAGE);
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(site.address() as AddressInfo).port}`,
    async close() {
      site.closeAllConnections();
      await new Promise((resolve) => site.close(resolve));
    },
  };
}

/** Opens the web app by the launcher of a new session, and leaves it alone. Resolves when its first clip has ended. */
export async function openClips(seat: Seat, { origin }: ClipsSite): Promise<Page> {
  const { app, page } = seat.kiosk;
  const web = { id: 'clips', name: 'Dashboard', kind: 'web' as const, icon: 'book', url: `${origin}/`, origins: [origin] };
  seat.agent.on('launch', () => {
    seat.agent.push(openView({ apps: [{ ...web, state: 'running' }] }));
    seat.agent.web({ appId: web.id, action: 'open' });
  });
  seat.agent.web({ appId: web.id, action: 'closeAll' });
  seat.agent.push(lockedView());
  await page.waitForSelector('html[data-screen="lock"]');
  // The window of the one before, which may still be there, is not taken for the new one.
  while (app.windows().length > 1) await page.waitForTimeout(50);
  seat.agent.push(openView({ apps: [{ ...web, state: 'ready' }] }));
  await page.waitForSelector('html[data-screen="launcher"]');
  const opened = app.waitForEvent('window');
  await page.getByRole('button', { name: /^Dashboard/ }).click();
  const clips = await opened;
  await clips.waitForSelector('body[data-ended]');
  return clips;
}
