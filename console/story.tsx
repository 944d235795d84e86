/** One session's story: what ruled it, lanes over time, the same as a table, and the export that proves it. */
import { useEffect, useState } from 'react';
import type { Story } from '../contract/console-api.ts';
import { api, exportAddress, Refused } from './api.ts';
import { EventTable } from './event-table.tsx';
import { Lanes } from './lanes.tsx';
import { dayOf, lengthOf, timeOf, zoneName } from './time.ts';

interface StoryProps {
  readonly open: { readonly workstation: string; readonly session: string };
  readonly onBack: () => void;
  readonly onLost: (error: unknown) => void;
}

export function StoryPage({ open, onBack, onLost }: StoryProps) {
  const [story, setStory] = useState<Story | null>(null);
  const [trouble, setTrouble] = useState<string | null>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const { workstation, session } = open;
  useEffect(() => {
    let current = true;
    api.story(workstation, session).then(
      (answer) => {
        if (current) setStory(answer);
      },
      (error: unknown) => {
        onLost(error);
        if (current) setTrouble(error instanceof Refused ? error.message : 'The story could not be read.');
      },
    );
    return () => {
      current = false;
    };
  }, [workstation, session, onLost]);
  return (
    <section aria-labelledby="story-title">
      <button type="button" className="plain back" onClick={onBack}>
        Back to the sessions
      </button>
      {trouble === null ? null : (
        <p role="alert" className="trouble">
          {trouble}
        </p>
      )}
      {story === null ? (
        <p className="quiet">{trouble === null ? 'Reading the record.' : ''}</p>
      ) : (
        <Told story={story} chosen={chosen} onChoose={setChosen} />
      )}
    </section>
  );
}

interface ToldProps {
  readonly story: Story;
  readonly chosen: number | null;
  readonly onChoose: (seq: number) => void;
}

function Told({ story, chosen, onChoose }: ToldProps) {
  const { session, events, gaps } = story;
  const end = session.endedAt ?? events.at(-1)?.at ?? session.startedAt;
  const who = session.kind === 'breakglass' ? 'Emergency access' : (session.personName ?? session.person ?? 'Unknown');
  return (
    <>
      <h1 id="story-title">
        {who} at {session.seat}
      </h1>
      <p className="lead">
        <time dateTime={session.startedAt} title={session.startedAt}>
          {dayOf(session.startedAt)}, {timeOf(session.startedAt)}
        </time>{' '}
        to {session.endedAt === null ? 'now' : timeOf(session.endedAt)} ({lengthOf(session.startedAt, end)}), {zoneName}
        {session.endReason === null ? '' : `, ended: ${session.endReason.replaceAll('-', ' ')}`}
      </p>
      <p>{story.policySays}</p>
      <Whole story={story} />
      <p>
        <a className="button" href={exportAddress(session.workstationId, session.startedAt, end)} download>
          Export this as a file that proves itself
        </a>
      </p>
      <h2>Over time</h2>
      <Lanes events={events} gaps={gaps} chosen={chosen} onChoose={onChoose} />
      <h2>Every event</h2>
      <EventTable events={events} gaps={gaps} chosen={chosen} onChoose={onChoose} />
    </>
  );
}

/** Whether the record of this session is whole, in one sentence with a shape. */
function Whole({ story }: { readonly story: Story }) {
  const missing =
    story.gaps.filter(({ state }) => state === 'missing').length + story.events.filter(({ proof }) => proof === 'missing').length;
  const pending = story.gaps.filter(({ state }) => state === 'pending').length;
  const state = missing > 0 ? 'missing' : pending > 0 ? 'pending' : 'verified';
  const says = {
    verified: `All ${story.events.length} entries are here, in order, and their signatures were checked. The server has given its receipt for ${story.receipt.size} entries of this log.`,
    pending: 'What is here is verified. More was recorded at the seat and is still on its way.',
    missing: 'Something is missing. The hatched holes below say what.',
  }[state];
  return (
    <p className={`whole ${state}`}>
      <span className={`shape ${state}`} aria-hidden="true" />
      {says}
    </p>
  );
}
