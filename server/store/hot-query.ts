/**
 * Queries of the hot path: built by Kysely as every other, but once for each engine and not for each call. It owns no SQL;
 * building and compiling cost more than most of these queries take to run.
 */
import type { CompiledQuery, Kysely, QueryResult } from 'kysely';
import type { Tables } from './schema.ts';

interface Compilable<R> {
  compile(): CompiledQuery<R>;
}

interface Prepared<R> {
  readonly query: CompiledQuery<R>;
  /** The caller's parameter at each place of the query; `undefined` for a constant. */
  readonly places: readonly (string | undefined)[];
}

/** Where a query takes text, a number or bytes: each call gives a value that equals no other. */
export const given = {
  text: (): string => `given ${next()}`,
  number: (): number => -next(),
  bytes: (): Uint8Array => new Uint8Array(1),
};

let made = 0;
const next = (): number => {
  made += 1;
  return made;
};

/**
 * @param parameters names of the parameters, each with a value of `given`
 * @param build makes the query from values; each parameter stands in it at least once
 */
export function hotQuery<P extends Readonly<Record<string, unknown>>, R>(
  parameters: P,
  build: (db: Kysely<Tables>, parameters: P) => Compilable<R>,
): (db: Kysely<Tables>, parameters: P) => Promise<QueryResult<R>> {
  const names = Object.keys(parameters);
  const engines = new WeakMap<object, Prepared<R>>();
  const prepare = (db: Kysely<Tables>): Prepared<R> => {
    const query = build(db, parameters).compile();
    const places = query.parameters.map((value) => names.find((name) => parameters[name] === value));
    const missing = names.filter((name) => !places.includes(name));
    if (missing.length > 0) throw new RangeError(`${missing.join(', ')}: not in the query ${query.sql}`);
    return { query, places };
  };
  return (db, values) => {
    const { adapter } = db.getExecutor();
    let known = engines.get(adapter);
    if (known === undefined) {
      known = prepare(db);
      engines.set(adapter, known);
    }
    const { query, places } = known;
    const filled = places.map((name, at) => (name === undefined ? query.parameters[at] : values[name]));
    return db.executeQuery({ ...query, parameters: filled });
  };
}
