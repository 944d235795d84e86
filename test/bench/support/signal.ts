/** A web app of one colour, so that what is seen of it can be told by a single pixel. */
import { createServer } from 'node:http';

export interface Signal {
  readonly origin: string;
  readonly colour: number;
  stop(): Promise<void>;
}

export async function startSignal(colour: number): Promise<Signal> {
  const page = `<!doctype html><html lang="en"><title>Signal</title><style>html{background:#${colour.toString(16).padStart(6, '0')}}</style>`;
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
  });
  const origin = await new Promise<string>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (typeof address === 'object' && address !== null) resolve(`http://127.0.0.1:${address.port}`);
    });
  });
  return {
    origin,
    colour,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
