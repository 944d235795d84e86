/** What the machines ask the screen to say. Owns the names of the sentences; the words are the renderer's. */
export type NoticeKey =
  | 'badge.unknown'
  | 'badge.unreadable'
  | 'reader.notAllowed'
  | 'reader.tooLong'
  | 'badge.revoked'
  | 'badge.notYet'
  | 'name.unknown'
  | 'name.notAllowed'
  | 'code.unknown'
  | 'second.notAllowed'
  | 'code.expired'
  | 'code.used'
  | 'code.doubt'
  | 'code.wait'
  | 'pin.wrong'
  | 'pin.wait'
  | 'pin.blocked'
  | 'pin.none'
  | 'pin.short'
  | 'session.taken'
  | 'session.ended'
  | 'session.idle'
  | 'session.maxAge'
  | 'store.broken'
  | 'store.full'
  | 'policy.none'
  | 'policy.expired'
  | 'staff.tooOld'
  | 'breakglass.unavailable'
  | 'seat.faulted'
  | 'seat.unenforced'
  | 'seat.leftovers'
  | 'seat.notEnded';

/** A sentence that the screen is asked to say, with the numbers that it needs. */
export interface Notice {
  readonly key: NoticeKey;
  readonly params: Readonly<Record<string, number | string>>;
  readonly code?: string;
}
