/**
 * What the agent needs of an audit store, and nothing of how it keeps its promises. The store of agent/store fits; tests of
 * other parts bring their own that fails on command.
 */
import type { AuditEvent } from '../../contract/events.ts';

export interface AuditLog {
  /** Durable when it resolves; null when it was counted into a summary. Rejects with a coded error when it is not durable. */
  append(event: AuditEvent): Promise<{ readonly seq: number | null }>;
  /** The small log beside the store that still works when the store is full or broken. */
  appendEmergency(event: AuditEvent): Promise<unknown>;
}
