/** The one thing that the preload adds to the page. */
import type { SeatBridge } from '../contract/bridge.ts';

declare global {
  interface Window {
    readonly wardlock: SeatBridge;
  }
}
