/**
 * Main's end of the bridge. Every message passes four questions before a handler sees it: is it our page's own top
 * frame, does it come at a human rate, is it in the contract, does it fit. What fails one is refused and reported.
 */
import type { IpcMain, IpcMainInvokeEvent, WebContents } from 'electron';
import type { Params, RequestName, Result } from '../../contract/boundary.ts';
import { type Answer, BRIDGE_EVENT_CHANNEL, BRIDGE_REQUEST_CHANNEL, type BridgeBoundary, type Picture } from '../../contract/bridge.ts';
import { isWardlockError, WardlockError } from '../../core/errors/index.ts';
import { SEAT_ORIGIN } from '../guard/protocol.ts';
import type { Report } from '../guard/reports.ts';
import { type BridgeRequest, judgeMessage } from './judge.ts';
import { INTENT_BURST, INTENTS_PER_SECOND, tokenBucket } from './rate.ts';

export type BridgeHandlers = {
  readonly [N in RequestName<BridgeBoundary>]: (
    params: Params<BridgeBoundary, N>,
  ) => Promise<Result<BridgeBoundary, N>> | Result<BridgeBoundary, N>;
};

export function serveBridge(ipc: IpcMain, page: WebContents, handlers: BridgeHandlers, report: Report): void {
  const mayPass = tokenBucket(INTENTS_PER_SECOND, INTENT_BURST);
  ipc.handle(BRIDGE_REQUEST_CHANNEL, async (event, ...message: unknown[]): Promise<Answer<unknown>> => {
    if (!isOwnPage(event, page)) {
      report('ipc', 'foreign sender');
      return failed(new WardlockError('IPC_PEER_REFUSED'));
    }
    if (!mayPass(performance.now())) {
      report('ipc', 'too many');
      return failed(new WardlockError('IPC_TOO_MANY'));
    }
    const judged = judgeMessage(message);
    if (!judged.ok) {
      report('ipc', judged.what);
      return failed(new WardlockError(judged.code));
    }
    try {
      return { ok: true, result: await dispatch(handlers, judged.request) };
    } catch (failure) {
      return failed(isWardlockError(failure) ? failure : new WardlockError('IPC_HANDLER_FAILED'));
    }
  });
  // The bridge uses no other way in; whatever arrives on one comes from a page that was taken over.
  page.on('ipc-message', (_event, channel) => report('ipc', `channel ${channel}`));
  page.on('ipc-message-sync', (_event, channel) => report('ipc', `channel ${channel}`));
}

export function sendPicture(page: WebContents, picture: Picture): void {
  if (!page.isDestroyed()) page.send(BRIDGE_EVENT_CHANNEL, 'picture', picture);
}

/** The session bar has the keyboard: the page shows where. */
export function sendBar(page: WebContents): void {
  if (!page.isDestroyed()) page.send(BRIDGE_EVENT_CHANNEL, 'bar', {});
}

function isOwnPage(event: IpcMainInvokeEvent, page: WebContents): boolean {
  const frame = event.senderFrame;
  return event.sender === page && frame !== null && frame === page.mainFrame && frame.url.startsWith(`${SEAT_ORIGIN}/`);
}

function dispatch(handlers: BridgeHandlers, { name, params }: BridgeRequest): unknown {
  // One literal gives both the name and the form of its params, which the compiler can't follow through the union.
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const handler = handlers[name] as (params: unknown) => unknown;
  return handler(params);
}

function failed(error: WardlockError): Answer<never> {
  return { ok: false, code: error.code, message: error.message };
}
