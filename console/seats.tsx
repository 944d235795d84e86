/** Every seat of the site: when it was last heard of, and how far it holds what runs on it to its policy. */
import { useEffect, useState } from 'react';
import type { SeatRow } from '../contract/console-api.ts';
import { api } from './api.ts';
import { enforcementWords, isTrouble } from './enforcement.ts';
import { dayOf, timeOf } from './time.ts';

export function Seats({ onLost }: { readonly onLost: (error: unknown) => void }) {
  const [seats, setSeats] = useState<readonly SeatRow[]>([]);
  useEffect(() => {
    api.seats().then((list) => setSeats(list.seats), onLost);
  }, [onLost]);
  if (seats.length === 0) return null;
  return (
    <section aria-labelledby="seats-title">
      <h2 id="seats-title">Seats</h2>
      <div className="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Seat</th>
              <th scope="col">Ward</th>
              <th scope="col">Last heard of</th>
              <th scope="col">Policy</th>
              <th scope="col">Enforcement</th>
            </tr>
          </thead>
          <tbody>
            {seats.map((seat) => (
              <tr key={seat.workstationId}>
                <td>
                  {seat.name}
                  {seat.revoked ? <span className="soft">, revoked</span> : null}
                </td>
                <td>{seat.ward}</td>
                <td>{seat.lastSeenAt === null ? 'never' : `${dayOf(seat.lastSeenAt)}, ${timeOf(seat.lastSeenAt)}`}</td>
                <td>{seat.policy === null ? 'none yet' : `version ${seat.policy.version}, ${seat.policy.outcome}`}</td>
                <td>
                  {isTrouble(seat.enforcement) ? <span className="shape stop" aria-hidden="true" /> : null}
                  {enforcementWords(seat.enforcement)}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
