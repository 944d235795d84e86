/** The log of logs as other people's tools ask for it: C2SP tlog-tiles below `/log/ID`, and the list that names the ids. */
import Type from 'typebox';
import { Count } from './scalars.ts';

const closed = { additionalProperties: false } as const;
const LogId = Type.String({ pattern: '^[0-9a-f]{16}$' });

/** The logs of logs of this site, the one that grows last; `key` is a C2SP vkey whose name is the log's origin. */
export const LogList = Type.Object(
  {
    logs: Type.Array(
      Type.Object({ id: LogId, key: Type.String({ maxLength: 400 }), prefix: Type.String({ maxLength: 40 }), size: Count }, closed),
    ),
  },
  closed,
);
export const LogParams = Type.Object({ id: LogId }, closed);
/** `*` is `LEVEL/INDEX`, `LEVEL/INDEX.p/WIDTH` or the same with `entries` for the level. */
export const TileParams = Type.Object({ id: LogId, '*': Type.String({ maxLength: 60 }) }, closed);
