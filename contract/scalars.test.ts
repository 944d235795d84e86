import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import { expect, test } from 'vitest';
import { Timestamp } from './scalars.ts';

const schemas = {
  plain: Type.Object({ at: Timestamp }),
  optional: Type.Object({ at: Type.Optional(Timestamp) }),
  nullable: Type.Object({ at: Type.Union([Type.Null(), Timestamp]) }),
} as const;
const impossible = ['2026-13-01T00:00:00Z', '2026-00-10T00:00:00Z', '2026-02-30T00:00:00Z', '2026-01-01T25:00:00Z', '2026-01-01T00:00:61Z'];
const possible = ['2026-12-01T00:00:00Z', '2028-02-29T23:59:59.123456Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z'];

test.each(Object.entries(schemas))('a %s timestamp is a moment that exists, however it is checked', (_name, schema) => {
  const compiled = Compile(schema);
  for (const [expected, texts] of [
    [false, impossible],
    [true, possible],
  ] as const) {
    for (const at of texts) {
      expect([at, Value.Check(schema, { at }), compiled.Check({ at })]).toEqual([at, expected, expected]);
    }
  }
});
