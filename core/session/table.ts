/**
 * What a machine's table is: a row for every pair of state and event, which the compiler demands. A row names the states
 * it may lead to; the diagram in docs/machines.md is drawn from that, and the model tests hold every step to it.
 */

/** States and events by name, each with its data. */
export type Named = Readonly<Record<string, object>>;

export interface Row<State, Event, Context, Move, Name extends string> {
  /** Every state that this row can lead to besides staying as it was. */
  readonly leadsTo: readonly Name[];
  readonly run: (state: State, event: Event, context: Context) => Move;
}

/** Complete by construction: a missing pair is a compile error. */
export type Table<States, Events, Context, Move> = {
  readonly [S in keyof States]: {
    readonly [E in keyof Events]: Row<States[S], Events[E], Context, Move, keyof States & string>;
  };
};

/** The row of a pair. The names travel beside the data so that the compiler can relate them. */
export function rowOf<States, Events, Context, Move, S extends keyof States, E extends keyof Events>(
  table: Table<States, Events, Context, Move>,
  at: S,
  type: E,
): Row<States[S], Events[E], Context, Move, keyof States & string> {
  return table[at][type];
}
