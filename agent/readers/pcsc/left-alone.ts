/**
 * The one argument of the reader process: readers whose present card hung it last time and is left alone until it is taken away. Apart
 * from the other messages, because the process is kept small and needs no schema for a list of names.
 */

export const leftAloneArgument = (readers: Iterable<string>): string => JSON.stringify([...readers]);

/** @throws when the argument is not a list of reader names */
export function parseLeftAlone(argument: string | undefined): readonly string[] {
  const value: unknown = JSON.parse(argument ?? '[]');
  if (!Array.isArray(value)) throw new TypeError('The argument is no list of readers.');
  return value.map((name: unknown) => {
    if (typeof name !== 'string') throw new TypeError('The argument names something that is no reader.');
    return name;
  });
}
