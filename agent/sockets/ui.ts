/**
 * What the seat's screens may ask, each by one line to the seat. One connection at a time; a second one is refused by the
 * socket. It holds no state of its own.
 */
import Value from 'typebox/value';
import { UiBuild } from '../../contract/events.ts';
import { type UiBoundary, uiBoundary } from '../../contract/ui.ts';
import type { Handlers } from '../../ipc/connection.ts';
import type { ListenOptions } from '../../ipc/server.ts';
import type { SeatAgent } from '../seat-agent.ts';
import { admitUsers } from './admit.ts';

export function uiEndpoint(seat: SeatAgent, path: string): ListenOptions<UiBoundary> {
  const { options, border, log, recorder } = seat.parts;
  const self = process.geteuid?.() ?? 0;
  return {
    boundary: uiBoundary,
    path,
    limit: 1,
    admit: admitUsers([options.ui?.uid ?? self], options.uiCgroup),
    ...(options.ui === null ? {} : { group: options.ui.gid }),
    handlers: handlersOf(seat),
    onRefused: border.refused,
    onFault: (method, fault) => log.error('a request of the screens failed', { method, fault }),
    onGreeted: ({ build }) => {
      seat.ui.greeted();
      recorder.note({ type: 'ui.connected', body: { build: Value.Check(UiBuild, build) ? build : 'unknown' } });
      seat.push();
    },
    onClosed: (connection) => {
      if (connection.build !== '') seat.uiLost('closed');
    },
  };
}

function handlersOf(seat: SeatAgent): Handlers<UiBoundary> {
  const { border } = seat.parts;
  const heard = <P, R>(handler: (params: P) => R): ((params: P) => R) => {
    return (params) => {
      seat.ui.heard();
      return handler(params);
    };
  };
  return {
    hello: () => seat.view(),
    badge: heard(({ number }) => ({ taken: seat.badge(number, 'ui') })),
    badgeTooLong: heard(() => ({ taken: seat.badge(null, 'ui') })),
    name: heard(({ name }) => ({ taken: seat.dispatch(seat.credentials.entrance.name(name)) })),
    names: heard(({ typed }) => ({ people: seat.credentials.entrance.names(typed).map((one) => ({ ...one })) })),
    code: heard(({ code }) => ({ taken: seat.dispatch(seat.credentials.entrance.code(code)) })),
    pin: heard(({ pin }) => ({ taken: seat.dispatch({ type: 'PinEntered', pin }) })),
    enrolBadge: heard((wish) => seat.credentials.badgeEnrolment.enrol(wish)),
    changePin: heard((wish) => seat.credentials.pinChange.change(wish)),
    cancel: heard(() => ({ taken: seat.dispatch({ type: 'CancelPressed' }) })),
    lock: heard(() => ({ taken: seat.dispatch({ type: 'LockPressed' }) })),
    logout: heard(() => ({ taken: seat.dispatch({ type: 'LogoutPressed' }) })),
    stay: heard(() => ({ taken: seat.dispatch({ type: 'StayPressed' }) })),
    handOver: heard(() => ({ taken: seat.dispatch({ type: 'HandOverPressed' }) })),
    witness: heard(() => ({ taken: seat.dispatch({ type: 'WitnessPressed' }) })),
    procedure: heard(({ on }) => ({ taken: seat.dispatch({ type: 'ProcedurePressed', on }) })),
    front: heard(async ({ appId }) => ({ taken: await seat.apps.front(appId) })),
    launch: heard(async ({ appId }) => ({ taken: await seat.apps.launch(appId) })),
    close: heard(async ({ appId }) => ({ taken: await seat.apps.close(appId) })),
    breakGlass: heard(({ reasonId, note }) => ({ taken: seat.dispatch({ type: 'BreakGlassPressed', reasonId, note }) })),
    print: heard(async ({ appId, part }) => ({ taken: await seat.prints.ask(appId, part) })),
    printed: heard(({ appId, outcome }) => {
      seat.prints.ended(appId, outcome);
      return {};
    }),
    webRefused: heard(({ appId, origin }) => {
      const body = { session: seat.runtime.openSession?.id ?? null, app: seat.apps.recordable(appId), origin: originIn(origin) };
      border.note({ type: 'web.refused', body }, { app: body.app });
      return { taken: true };
    }),
    webFailed: heard(({ appId, reason, count }) => {
      const body = { session: seat.runtime.openSession?.id ?? null, app: seat.apps.recordable(appId), reason, count };
      border.note({ type: 'web.failed', body }, { app: body.app, reason });
      return { taken: true };
    }),
    download: heard(async (download) => ({ taken: await seat.downloads.save(download) })),
    downloadRefused: heard(({ appId, reason, count }) => {
      seat.downloads.refused(appId, reason, count);
      return { taken: true };
    }),
    enrol: heard(({ server, token }) => {
      seat.site.enrol(server, token);
      return { taken: true };
    }),
    activity: heard((report) => {
      seat.activity(report);
      return {};
    }),
    power: heard(({ what }) => {
      seat.dispatch({ type: 'PowerChanged', what });
      return {};
    }),
    surface: heard((surface) => {
      seat.desktops.offer(surface);
      return {};
    }),
    refused: heard(({ border: where, what }) => {
      border.note({ type: 'border.refused', body: { border: where, code: 'UI_REFUSED', uid: null, pid: null } }, { border: where, what });
      return {};
    }),
    ping: heard(() => ({})),
  };
}

/** Scheme, host and port alone, whatever the screens sent along: a path or a query may name a patient. */
function originIn(text: string): string {
  if (!URL.canParse(text)) return 'unreadable';
  const { origin, protocol } = new URL(text);
  return origin === 'null' ? protocol : origin;
}
