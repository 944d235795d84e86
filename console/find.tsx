/** Finding a session: who, where, when, and the list of what fits. The filters stay in the address. */
import { type SyntheticEvent, useEffect, useState } from 'react';
import type { SeatRow, SessionList, SessionRow } from '../contract/console-api.ts';
import { api, Refused, type Search } from './api.ts';
import { dayOf, lengthOf, timeOf, toIso, toLocal, zoneName } from './time.ts';

interface FindProps {
  readonly search: Search;
  readonly onSearch: (search: Search) => void;
  readonly onOpen: (story: { readonly workstation: string; readonly session: string }) => void;
  readonly onLost: (error: unknown) => void;
}

export function Find({ search, onSearch, onOpen, onLost }: FindProps) {
  const [seats, setSeats] = useState<readonly SeatRow[]>([]);
  const [found, setFound] = useState<SessionList | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  useEffect(() => {
    api.seats().then((list) => setSeats(list.seats), onLost);
  }, [onLost]);
  useEffect(() => {
    let current = true;
    api.sessions(search, null).then(
      (list) => {
        if (!current) return;
        setTrouble(null);
        setFound(list);
      },
      (error: unknown) => {
        onLost(error);
        if (current) setTrouble(error instanceof Refused ? error.message : 'The search failed.');
      },
    );
    return () => {
      current = false;
    };
  }, [search, onLost]);
  const submit = (event: SyntheticEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name: string): string => String(form.get(name) ?? '').trim();
    onSearch({ person: text('person'), seat: text('seat'), from: toIso(text('from')), to: toIso(text('to')) });
  };
  const addMore = (): void => {
    api
      .sessions(search, found?.next ?? null)
      .then((list) => setFound({ ...list, sessions: [...(found?.sessions ?? []), ...list.sessions] }), onLost);
  };
  return (
    <section aria-labelledby="find-title">
      <h1 id="find-title">Who sat where, and when</h1>
      <form className="filters" onSubmit={submit} key={JSON.stringify(search)}>
        <label>
          Person
          <input name="person" defaultValue={search.person} placeholder="such as n.ada" pattern="[A-Za-z0-9][A-Za-z0-9._\-]*" />
        </label>
        <label>
          Seat
          <input name="seat" list="seats" defaultValue={search.seat} placeholder="such as Bay 4" />
        </label>
        <datalist id="seats">
          {seats.map((seat) => (
            <option key={seat.workstationId} value={seat.name} />
          ))}
        </datalist>
        <label>
          From
          <input name="from" type="datetime-local" defaultValue={toLocal(search.from)} />
        </label>
        <label>
          To
          <input name="to" type="datetime-local" defaultValue={toLocal(search.to)} />
        </label>
        <button type="submit">Find</button>
      </form>
      <p className="soft">Times are in {zoneName}.</p>
      <p role="status" className={trouble === null ? 'soft' : 'trouble'}>
        {trouble ?? countOf(found)}
      </p>
      {found !== null && found.sessions.length > 0 ? <Sessions sessions={found.sessions} onOpen={onOpen} /> : null}
      {found?.more === true ? (
        <button type="button" className="plain" onClick={addMore}>
          Show more
        </button>
      ) : null}
    </section>
  );
}

function countOf(found: SessionList | null): string {
  if (found === null) return 'Searching.';
  if (found.index.state === 'building')
    return `${listed(found)}. The index is being built again: ${found.index.indexed} of ${found.index.stored} entries are in it, so this is not all.`;
  return `${listed(found)}${found.sessions.length === 0 ? '. Widen the time, or leave a field empty.' : ''}`;
}

function listed(found: SessionList): string {
  if (found.sessions.length === 0) return 'No session fits';
  return `${found.more ? 'The newest ' : ''}${found.sessions.length} ${found.sessions.length === 1 ? 'session' : 'sessions'}`;
}

function Sessions({ sessions, onOpen }: { readonly sessions: readonly SessionRow[]; readonly onOpen: FindProps['onOpen'] }) {
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Person</th>
            <th scope="col">Seat</th>
            <th scope="col">Began</th>
            <th scope="col">Lasted</th>
            <th scope="col">Ended by</th>
            <th scope="col">Policy</th>
            <th scope="col">Story</th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((row) => (
            <tr key={`${row.workstationId}/${row.session}`}>
              <td>
                {row.kind === 'breakglass' ? <span className="shape stop" aria-hidden="true" /> : null}
                {row.kind === 'breakglass' ? 'Emergency access' : (row.personName ?? row.person ?? 'Unknown')}
                {row.role === null ? null : <span className="soft">, {row.role}</span>}
              </td>
              <td>{row.seat}</td>
              <td title={row.startedAt}>
                {dayOf(row.startedAt)}, {timeOf(row.startedAt)}
              </td>
              <td>{row.endedAt === null ? 'still open' : lengthOf(row.startedAt, row.endedAt)}</td>
              <td>{row.endReason ?? ''}</td>
              <td>version {row.policyVersion}</td>
              <td>
                <button type="button" className="plain" onClick={() => onOpen({ workstation: row.workstationId, session: row.session })}>
                  Read
                  <span className="hidden">
                    {' '}
                    the story of {row.personName ?? row.person ?? 'emergency access'} at {timeOf(row.startedAt)}
                  </span>
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
