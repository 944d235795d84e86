/** The story as a table: every event and every hole in order, with its proof state in words. */
import { Fragment } from 'react';
import type { StoryEvent, StoryGap } from '../contract/console-api.ts';
import { proofWords } from './lanes.tsx';
import { timeOf } from './time.ts';

interface TableProps {
  readonly events: readonly StoryEvent[];
  readonly gaps: readonly StoryGap[];
  readonly chosen: number | null;
  readonly onChoose: (seq: number) => void;
}

export function EventTable({ events, gaps, chosen, onChoose }: TableProps) {
  const last = events.at(-1)?.seq ?? -1;
  return (
    <div className="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Entry</th>
            <th scope="col">Time</th>
            <th scope="col">What happened</th>
            <th scope="col">Proof</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <Fragment key={`${event.at}/${event.seq}`}>
              {gaps
                .filter((gap) => gap.to === event.seq - 1)
                .map((gap) => (
                  <GapRow key={gap.from} gap={gap} />
                ))}
              <tr className={event.seq === chosen ? 'chosen' : ''}>
                <td>
                  <button
                    type="button"
                    className="plain"
                    onClick={() => onChoose(event.seq)}
                    aria-label={`Show entry ${event.seq} on its lane`}
                  >
                    {event.seq}
                  </button>
                </td>
                <td>
                  <time dateTime={event.at} title={event.at}>
                    {timeOf(event.at)}
                  </time>
                </td>
                <td>
                  {event.says} <small>{event.type}</small>
                </td>
                <td>
                  <span className={`shape ${event.proof}`} aria-hidden="true" /> {proofWords[event.proof]}
                </td>
              </tr>
            </Fragment>
          ))}
          {gaps
            .filter((gap) => gap.from > last)
            .map((gap) => (
              <GapRow key={gap.from} gap={gap} />
            ))}
        </tbody>
      </table>
    </div>
  );
}

function GapRow({ gap }: { readonly gap: StoryGap }) {
  return (
    <tr className={`gap ${gap.state}`}>
      <td>{gap.from === gap.to ? gap.from : `${gap.from} to ${gap.to}`}</td>
      <td />
      <td>{gap.says}</td>
      <td>
        <span className={`shape ${gap.state}`} aria-hidden="true" /> {proofWords[gap.state]}
      </td>
    </tr>
  );
}
