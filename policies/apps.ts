/** Applications as a policy names them: a program of the seat by path and content, or a web page by its addresses. */
import Type, { type Static } from 'typebox';
import { Id, Label, Sha256Hex } from '../contract/scalars.ts';

const closed = { additionalProperties: false } as const;
export const AbsolutePath = Type.String({ pattern: '^/[^\\u0000]{1,1023}$' });

const onLock = Type.Optional(
  Type.Union([Type.Literal('keep'), Type.Literal('freeze'), Type.Literal('end')], {
    description:
      'What becomes of it while the seat is locked: `keep` lets it work on behind the lock (this where absent), `freeze` stops it until the unlock, `end` ends it.',
  }),
);

export const NativeApp = Type.Object(
  {
    id: Id,
    name: Label,
    kind: Type.Literal('native'),
    icon: Type.String({ maxLength: 40 }),
    path: AbsolutePath,
    sha256: Sha256Hex,
    args: Type.Array(Type.String({ maxLength: 1024 }), { maxItems: 64 }),
    env: Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,63}$' }), Type.String({ maxLength: 1024 }), closed),
    /** Programs that this one may start, by path and content. */
    children: Type.Array(Type.Object({ path: AbsolutePath, sha256: Sha256Hex }, closed), { maxItems: 64 }),
    scripts: Type.Optional(
      Type.Array(Type.Object({ path: AbsolutePath, sha256: Sha256Hex }, closed), {
        maxItems: 64,
        description: 'Scripts that this program may be given to interpret, by path and content. Absent: none.',
      }),
    ),
    workingFolder: Type.Optional(
      Type.String({
        pattern: '^(home|/[^\\u0000]{0,1023})$',
        description: 'Folder that it starts in: an absolute path, or `home` for the home of the session (this where absent).',
      }),
    ),
    oneInstance: Type.Optional(
      Type.Boolean({ description: 'Its tile brings the running one to the front instead of starting another (true).' }),
    ),
    onLock,
  },
  closed,
);

export const WebApp = Type.Object(
  {
    id: Id,
    name: Label,
    kind: Type.Literal('web'),
    icon: Type.String({ maxLength: 40 }),
    url: Type.String({ pattern: '^https?://[^\\s]{1,2000}$' }),
    origins: Type.Array(Type.String({ pattern: '^https?://[^/\\s]{1,255}$' }), { minItems: 1, maxItems: 50 }),
    patterns: Type.Optional(
      Type.Array(Type.String({ pattern: '^https?://[^/\\s]{1,255}/[^\\s#]{0,1024}$' }), {
        minItems: 1,
        maxItems: 100,
        description:
          'Addresses that its pages and frames may be at, each of one of the origins: `*` stands for any characters of one part of the path, `**` for any characters. Absent: every address of the origins.',
      }),
    ),
    downloads: Type.Optional(
      Type.Union([Type.Literal('deny'), Type.Literal('allow')], {
        description:
          'Whether its pages may save files, in the seat for the native applications of the same session, which they end with (deny).',
      }),
    ),
    print: Type.Optional(
      Type.Boolean({
        description: 'Whether its pages may print on the default printer of the seat, without any dialog (false).',
      }),
    ),
    clipboard: Type.Optional(
      Type.Union([Type.Literal('deny'), Type.Literal('read-write')], {
        description: 'Whether its pages may read and write the clipboard by themselves (deny).',
      }),
    ),
    onLock,
  },
  closed,
);

export type NativeApp = Static<typeof NativeApp>;
export type WebApp = Static<typeof WebApp>;
