/**
 * The one bridge between the page and main, derived from the contract's literal. It hands the page no Electron object
 * and no channel name: a page can call what the contract names and hear what the contract names.
 */
import { contextBridge, ipcRenderer } from 'electron';
import { BRIDGE_EVENT_CHANNEL, BRIDGE_REQUEST_CHANNEL, bridgeBoundary } from '../contract/bridge.ts';

const requests = Object.fromEntries(
  Object.keys(bridgeBoundary.requests).map((name) => [name, (params: unknown) => ipcRenderer.invoke(BRIDGE_REQUEST_CHANNEL, name, params)]),
);

const on = Object.fromEntries(
  Object.keys(bridgeBoundary.events).map((name) => [
    name,
    (listener: (body: unknown) => void) => {
      ipcRenderer.on(BRIDGE_EVENT_CHANNEL, (_event, sent: unknown, body: unknown) => {
        if (sent === name) listener(body);
      });
    },
  ]),
);

contextBridge.exposeInMainWorld('wardlock', { ...requests, on });
