/** What the seat says about what could not be made durable. It owns that one notice. */
import type { Notice } from './notice.ts';

/** It did not happen; somebody who reads that the record is full knows what to do about it. */
export function unrecorded(code: string): Notice {
  return { key: code === 'AUDIT_STORE_FULL' ? 'store.full' : 'store.broken', params: {}, code };
}
