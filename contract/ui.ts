/**
 * The boundary between the agent and the seat's screens (Electron main), over `ui.sock`. The screens send ids and
 * what a person typed; paths, arguments and environment never cross it. One UI connection is accepted at a time.
 */
import Type from 'typebox';
import { boundary } from './boundary.ts';
import { BadgeNumber, Count, FileToken, Id, Label, Milliseconds, Nothing, Pin, TypedCode, TypedName } from './scalars.ts';
import { SeatView } from './seat-view.ts';

/** The outcome of an intent: taken, or a reason that the next SeatView explains to the person. */
const Taken = Type.Object({ taken: Type.Boolean() });

/** Why the screens saved nothing of a web app's download (core/downloads/limits.ts). */
const NotSaved = Type.Union([
  Type.Literal('not-allowed'),
  Type.Literal('address'),
  Type.Literal('too-large'),
  Type.Literal('at-once'),
  Type.Literal('locked'),
  Type.Literal('closed'),
  Type.Literal('failed'),
]);

/** What failed when a page of a web app could not be shown. A closed set: Chromium's own names would leave room for a text. */
const PageFailure = Type.Union([
  Type.Literal('certificate'),
  Type.Literal('encryption'),
  Type.Literal('name'),
  Type.Literal('connection'),
  Type.Literal('answer'),
  /** The page's own process ended. */
  Type.Literal('ended'),
  Type.Literal('other'),
]);

export const uiBoundary = boundary({
  name: 'ui',
  protocol: 1,
  requests: {
    hello: { params: Type.Object({ protocol: Count, build: Label }), result: SeatView },
    /** A wedge reader types into the window; main recognises the burst and sends the number. */
    badge: { params: Type.Object({ number: BadgeNumber }), result: Taken },
    /** A wedge reader typed more than any badge holds; nothing of it is sent. */
    badgeTooLong: { params: Nothing, result: Taken },
    /** Somebody without a badge says who they are; the PIN is asked for next. */
    name: { params: Type.Object({ name: TypedName }), result: Taken },
    /** People whose names begin like that, at most six; none where the policy offers none, or for a single letter. */
    names: {
      params: Type.Object({ typed: TypedName }),
      result: Type.Object({
        people: Type.Array(Type.Object({ id: Id, displayName: Label, initials: Type.String({ maxLength: 4 }) }), { maxItems: 6 }),
      }),
    },
    /** A temporary code, or that of a downtime card, in the place of a badge. */
    code: { params: Type.Object({ code: TypedCode }), result: Taken },
    pin: { params: Type.Object({ pin: Pin }), result: Taken },
    /**
     * The unknown badge that was tapped becomes this person's, once the server agrees. `asked`: it has not answered yet.
     * `triesLeft` and `waitMs` are about the PIN.
     */
    enrolBadge: {
      params: Type.Object({ name: TypedName, pin: Pin }),
      result: Type.Object({
        outcome: Type.Union([
          Type.Literal('enrolled'),
          Type.Literal('asked'),
          Type.Literal('taken'),
          Type.Literal('refused'),
          Type.Literal('unknown'),
          Type.Literal('notAllowed'),
          Type.Literal('offline'),
          Type.Literal('wrong'),
          Type.Literal('wait'),
          Type.Literal('blocked'),
          /** The seat keeps as much for its server as it can. */
          Type.Literal('full'),
          Type.Literal('notNow'),
        ]),
        triesLeft: Count,
        waitMs: Milliseconds,
      }),
    },
    /** The person of the open session changes the PIN. `triesLeft` and `waitMs` are about the old one. */
    changePin: {
      params: Type.Object({ old: Pin, next: Pin }),
      result: Type.Object({
        outcome: Type.Union([
          Type.Literal('changed'),
          Type.Literal('wrong'),
          Type.Literal('wait'),
          Type.Literal('blocked'),
          /** Why the new one is refused: core/credentials/pin-rules.ts, and one that the person had before. */
          Type.Literal('form'),
          Type.Literal('short'),
          Type.Literal('repeat'),
          Type.Literal('sequence'),
          Type.Literal('date'),
          Type.Literal('common'),
          Type.Literal('used'),
          /** The seat keeps as much for its server as it can. */
          Type.Literal('full'),
          Type.Literal('notNow'),
        ]),
        triesLeft: Count,
        waitMs: Milliseconds,
      }),
    },
    /** The person leaves the PIN prompt. */
    cancel: { params: Nothing, result: Taken },
    lock: { params: Nothing, result: Taken },
    logout: { params: Nothing, result: Taken },
    /** "Still here": ends the warning. */
    stay: { params: Nothing, result: Taken },
    /** Gives the seat to whoever tapped over a procedure in progress or an emergency. */
    handOver: { params: Nothing, result: Taken },
    /** Whoever tapped over an emergency is its witness. */
    witness: { params: Nothing, result: Taken },
    /** A procedure is in progress, or over: idle time does not close the seat meanwhile. */
    procedure: { params: Type.Object({ on: Type.Boolean() }), result: Taken },
    launch: { params: Type.Object({ appId: Id }), result: Taken },
    /** An application that runs comes to the front. One of the web is ordered open again: these screens may not be the ones that opened it. */
    front: { params: Type.Object({ appId: Id }), result: Taken },
    close: { params: Type.Object({ appId: Id }), result: Taken },
    /** A web app wants to print its page, or a frame of it. Taken: it may, and that is recorded. */
    print: { params: Type.Object({ appId: Id, part: Type.Union([Type.Literal('page'), Type.Literal('frame')]) }), result: Taken },
    /** How a print went that was taken. */
    printed: {
      params: Type.Object({
        appId: Id,
        outcome: Type.Union([
          Type.Literal('sent'),
          Type.Literal('no-printer'),
          Type.Literal('refused'),
          Type.Literal('too-long'),
          Type.Literal('failed'),
          Type.Literal('locked'),
        ]),
      }),
      result: Nothing,
    },
    /** Navigation or a request that a web app tried and its origins do not allow. Only the origin is sent. */
    webRefused: { params: Type.Object({ appId: Id, origin: Type.String({ maxLength: 300 }) }), result: Taken },
    /** Pages of a web app could not be shown, so often, and what failed. */
    webFailed: { params: Type.Object({ appId: Id, reason: PageFailure, count: Count }), result: Taken },
    /**
     * A web app's download lies complete in the folder for them, under this name of the screens' own. `name` is what its page called it:
     * untrusted, never recorded. Taken: the session has it.
     */
    download: { params: Type.Object({ appId: Id, file: FileToken, name: Type.String({ maxLength: 255 }) }), result: Taken },
    /** So many downloads of a web app came to nothing, and why. */
    downloadRefused: {
      params: Type.Object({ appId: Id, reason: NotSaved, count: Count }),
      result: Taken,
    },
    breakGlass: { params: Type.Object({ reasonId: Id, note: Type.String({ maxLength: 200 }) }), result: Taken },
    enrol: { params: Type.Object({ server: Type.String({ maxLength: 300 }), token: Type.String({ maxLength: 120 }) }), result: Taken },
    /**
     * Once a second, locked or open: how long ago the OS saw input, how long ago the kiosk itself did (in a page, or by the pointer), and
     * whether a native application's window is seen, whose input only the OS sees.
     */
    activity: { params: Type.Object({ osIdleMs: Milliseconds, ownIdleMs: Milliseconds, nativeFront: Type.Boolean() }), result: Nothing },
    /** The machine is about to sleep, woke, or its displays changed: the seat locks. */
    power: {
      params: Type.Object({
        what: Type.Union([Type.Literal('suspend'), Type.Literal('resume'), Type.Literal('displays'), Type.Literal('osLock')]),
      }),
      result: Nothing,
    },
    /** Where native apps are shown: the first 32 bits of the native window handle, on the UI's display. */
    surface: {
      params: Type.Object({ display: Type.String({ maxLength: 64 }), windowId: Count, width: Count, height: Count }),
      result: Nothing,
    },
    /** What main saw at its own border and refused: counted and recorded, never silent. */
    refused: {
      params: Type.Object({
        border: Type.Union([
          Type.Literal('ipc'),
          Type.Literal('navigation'),
          Type.Literal('window'),
          Type.Literal('permission'),
          Type.Literal('protocol'),
          Type.Literal('download'),
          /** A key or a pointer act that would leave the seat; `what` names it, never what was typed. */
          Type.Literal('input'),
        ]),
        what: Type.String({ maxLength: 120 }),
      }),
      result: Nothing,
    },
    /** Liveness: a UI that does not answer or ask for HANG_LIMIT is a lost UI. */
    ping: { params: Nothing, result: Nothing },
  },
  events: {
    view: SeatView,
    /** Somebody asked by keyboard, in a native application, for the session bar. */
    bar: Nothing,
    /** Sent to an app's window owner: which web app view to open, focus or destroy. */
    web: Type.Object({ appId: Id, action: Type.Union([Type.Literal('open'), Type.Literal('close'), Type.Literal('closeAll')]) }),
  },
});
export type UiBoundary = typeof uiBoundary;
