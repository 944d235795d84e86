/**
 * The agent's orders for web applications. One to open can come before the picture that names its address: it waits here, for
 * the session that it was given in. It must never outlive that session, nor an order to close.
 */

export interface WebOrder {
  readonly appId: string;
  readonly action: 'open' | 'close' | 'closeAll';
}

export interface WebOrdersPorts {
  /** Opens it if the present picture names it; false when it does not. */
  readonly open: (appId: string) => boolean;
  readonly close: (appId: string) => void;
  readonly closeAll: () => void;
}

export interface WebOrders {
  take(order: WebOrder): void;
  /** A new picture is there. `sameSession` is false when it shows another session than the one before, or none. */
  pictured(sameSession: boolean): void;
}

export function createWebOrders({ open, close, closeAll }: WebOrdersPorts): WebOrders {
  const waiting = new Set<string>();
  const forget = (): void => {
    waiting.clear();
    closeAll();
  };
  return {
    take({ appId, action }) {
      if (action === 'closeAll') return forget();
      if (action === 'open') {
        if (!open(appId)) waiting.add(appId);
        return;
      }
      waiting.delete(appId);
      close(appId);
    },
    pictured(sameSession) {
      if (!sameSession) return forget();
      for (const appId of waiting) if (open(appId)) waiting.delete(appId);
    },
  };
}
