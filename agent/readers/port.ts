/**
 * What a badge reader is to the seat, whatever its kind: it hands over what a card presents and says how it is itself. No
 * reader decides who somebody is, and none hands over a bare text.
 */

/**
 * What a card says for itself. A further member belongs here for a badge that proves itself: a signature or a cryptogram over a
 * challenge, with the id of its key. Whoever takes a presentation must decide what each kind of proof is worth.
 */
export type Presentation =
  /** Only names the card. Whoever reads it once can copy it, which is why a PIN goes with it. */
  { readonly proof: 'identifier'; readonly number: string };

/**
 * Why a card gave nothing that can be used: it does not answer (or is taken away too soon), has no number, one of a length that no
 * badge has, or a random one that is another each time.
 */
export type Unreadable = 'no-answer' | 'no-number' | 'number-length' | 'number-random';

export type Reading = { readonly ok: true; readonly presentation: Presentation } | { readonly ok: false; readonly why: Unreadable };

/**
 * `none`: this seat never had a reader. `absent`: it had one and it is unplugged. `stopped`: the machine's smart card service is not
 * running. `frozen`: the reader or the service does not answer. `ghost`: the reader sees a card that does not answer.
 */
export type ReaderState = 'ok' | 'none' | 'absent' | 'stopped' | 'frozen' | 'ghost';

export interface ReadersReport {
  readonly state: ReaderState;
  /** Of the reader that the state is about, as its driver names it. */
  readonly name: string;
  /** Every reader that is plugged in now. */
  readonly readers: readonly { readonly name: string; readonly state: 'ok' | 'frozen' | 'ghost' }[];
}

/** What a stack of readers tells. Each call is one thing that happened, in order. */
export interface ReaderEvents {
  /** The service behind the readers answers, or does not. */
  readonly service: (isUp: boolean) => void;
  readonly plugged: (reader: string, isThere: boolean) => void;
  /** A card lies on the reader. `isFirst`: it lay there when the reader came into view, so nobody tapped it now. */
  readonly read: (reader: string, reading: Reading, isFirst: boolean) => void;
  readonly empty: (reader: string) => void;
  /** An operation did not come back: the stack is being restarted. */
  readonly hung: (reader: string | null, doing: 'reading' | 'probing') => void;
  /** What hung answers again. */
  readonly alive: () => void;
}

/** Readers of one kind. */
export interface ReaderStack {
  close(): Promise<void>;
}
