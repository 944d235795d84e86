/**
 * The demo's web app: a small ward handbook that the demo serves itself on loopback. It holds no patient and no secret;
 * one of its links leads to an origin that the policy does not name, so that a refusal can be seen.
 */
import { createServer } from 'node:http';

export interface Handbook {
  readonly origin: string;
  /** Another origin on the same machine, outside the policy. */
  readonly foreignOrigin: string;
  stop(): Promise<void>;
}

const PAGE = (foreign: string): string => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Ward handbook</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="/handbook.css"></head>
<body><header><h1>Ward handbook</h1><p>Ward 5 East, demo pages without patients</p></header>
<main>
<section><h2>Hand hygiene</h2><p>Before and after each patient, after body fluids, after the patient's surroundings.</p></section>
<section><h2>Emergency numbers</h2><dl><dt>Resuscitation team</dt><dd>2222</dd><dt>Helpdesk</dt><dd>4 0400</dd><dt>Pharmacy</dt><dd>4 1170</dd></dl></section>
<section><h2>Handover</h2><ol><li>Situation</li><li>Background</li><li>Assessment</li><li>Recommendation</li></ol></section>
</main><footer><a href="${foreign}/outside">A page that the policy does not name</a></footer></body></html>`;

const STYLE = `:root{color-scheme:light dark;font:18px/1.5 system-ui,sans-serif}body{margin:0 auto;max-width:56rem;padding:2rem}
header{border-bottom:3px solid #0b6b5f}h1{margin:0}section{margin:1.5rem 0}dl{display:grid;grid-template-columns:max-content auto;gap:.25rem 1.5rem}dd{margin:0;font-variant-numeric:tabular-nums;font-weight:600}`;

export async function startHandbook(): Promise<Handbook> {
  const foreign = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    response.end('This page is outside the policy. Nobody at a seat should ever read it.');
  });
  const foreignOrigin = await listen(foreign);
  const server = createServer((request, response) => {
    if (request.url === '/handbook.css') {
      response.writeHead(200, { 'content-type': 'text/css; charset=utf-8' });
      response.end(STYLE);
      return;
    }
    response.writeHead(200, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'self'",
    });
    response.end(PAGE(foreignOrigin));
  });
  const origin = await listen(server);
  return {
    origin,
    foreignOrigin,
    async stop() {
      await Promise.all(
        [server, foreign].map(
          (each) =>
            new Promise<void>((resolve) => {
              each.close(() => resolve());
              each.closeAllConnections();
            }),
        ),
      );
    },
  };
}

function listen(server: ReturnType<typeof createServer>): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('the handbook has no port'));
      else resolve(`http://127.0.0.1:${address.port}`);
    });
  });
}
