/**
 * The lanes: one for each kind, a mark for each event, hatched holes with their range in words. Arrow keys walk along a
 * lane; the table below says the same.
 */
import type { KeyboardEvent } from 'react';
import type { Lane, StoryEvent, StoryGap } from '../contract/console-api.ts';
import { placeOf, type Span, spanOf, spread } from './layout.ts';
import { timeOf } from './time.ts';

const lanes: readonly (readonly [Lane, string])[] = [
  ['who', 'Who'],
  ['locks', 'Locks'],
  ['apps', 'Apps'],
  ['policy', 'Policy'],
  ['record', 'Record'],
];

export const proofWords = { verified: 'verified', pending: 'receipt pending', missing: 'missing', pruned: 'pruned by retention' } as const;

interface LanesProps {
  readonly events: readonly StoryEvent[];
  readonly gaps: readonly StoryGap[];
  readonly chosen: number | null;
  readonly onChoose: (seq: number) => void;
}

export function Lanes({ events, gaps, chosen, onChoose }: LanesProps) {
  if (events.length === 0) return <p className="soft">No event can be shown.</p>;
  const span = spanOf(events, gaps);
  const shown = events.find(({ seq }) => seq === chosen);
  return (
    <figure className="lanes">
      <div className="tracks">
        {lanes.map(([lane, name]) => (
          <Track
            key={lane}
            name={name}
            events={events.filter((event) => event.lane === lane)}
            span={span}
            chosen={chosen}
            onChoose={onChoose}
          />
        ))}
        <div className="holes">
          {gaps.map((gap) => (
            <Hole key={gap.from} gap={gap} span={span} />
          ))}
        </div>
      </div>
      <div className="scale" aria-hidden="true">
        <span>{timeOf(new Date(span.from).toISOString())}</span>
        <span>{timeOf(new Date((span.from + span.to) / 2).toISOString())}</span>
        <span>{timeOf(new Date(span.to).toISOString())}</span>
      </div>
      <figcaption aria-live="polite">
        {shown === undefined ? (
          <span className="soft">Choose a mark to read it.</span>
        ) : (
          <>
            <span className={`shape ${shown.proof}`} aria-hidden="true" /> <time title={shown.at}>{timeOf(shown.at)}</time> {shown.says}{' '}
            <span className="soft">
              Entry {shown.seq}, {proofWords[shown.proof]}.
            </span>
          </>
        )}
      </figcaption>
    </figure>
  );
}

interface TrackProps {
  readonly name: string;
  readonly events: readonly StoryEvent[];
  readonly span: Span;
  readonly chosen: number | null;
  readonly onChoose: (seq: number) => void;
}

function Track({ name, events, span, chosen, onChoose }: TrackProps) {
  const places = spread(
    events.map(({ at }) => Date.parse(at)),
    span,
  );
  const reachable = events.some(({ seq }) => seq === chosen) ? chosen : events[0]?.seq;
  return (
    <div className="track">
      <h3>{name}</h3>
      <div className="line" role="toolbar" aria-label={`${name}: ${events.length} events`} onKeyDown={walk}>
        {events.map((event, at) => (
          <button
            key={`${event.at}/${event.seq}`}
            type="button"
            className={`mark ${event.proof}`}
            style={{ insetInlineStart: `${places[at] ?? 0}%` }}
            tabIndex={event.seq === reachable ? 0 : -1}
            aria-pressed={event.seq === chosen}
            aria-label={`${timeOf(event.at)} ${event.says} ${proofWords[event.proof]}`}
            title={`${timeOf(event.at)} ${event.says}`}
            onClick={() => onChoose(event.seq)}
            onFocus={() => onChoose(event.seq)}
          />
        ))}
      </div>
    </div>
  );
}

function walk(event: KeyboardEvent<HTMLDivElement>): void {
  const marks = [...event.currentTarget.querySelectorAll('button')];
  const focused = document.activeElement;
  const at = focused instanceof HTMLButtonElement ? marks.indexOf(focused) : -1;
  const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: marks.length - 1 }[event.key];
  const mark = next === undefined ? undefined : marks[next];
  if (mark === undefined) return;
  event.preventDefault();
  mark.focus();
}

function Hole({ gap, span }: { readonly gap: StoryGap; readonly span: Span }) {
  const start = placeOf(Date.parse(gap.after), span);
  const end = gap.before === null ? 100 : placeOf(Date.parse(gap.before), span);
  return (
    <div
      className={`hole ${gap.state}`}
      style={{ insetInlineStart: `${start}%`, inlineSize: `${Math.max(2, end - start)}%` }}
      title={gap.says}
    >
      <span>{gap.from === gap.to ? gap.from : `${gap.from} to ${gap.to}`}</span>
    </div>
  );
}
