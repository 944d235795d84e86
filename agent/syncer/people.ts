/**
 * The lane that exchanges what seat and server know of people: carries sealed news up and the sealed answer down. It can
 * read neither, and invents neither: the agent takes only the answer to its own question. Where nothing is new at either end it asks
 * as seldom as the agent lets it.
 */
import { PeopleExchange } from '../../contract/people.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import type { AgentPort } from './agent-port.ts';
import { jsonBody, readAnswer, type SeatClient } from './seat-client.ts';

export interface PeopleHint {
  /** Somebody who is signed in here came in elsewhere. */
  readonly called: boolean;
  /** Another text whenever there may be something new; null from a server that does not tell. */
  readonly mark: string | null;
}

export interface People {
  /** At most one exchange; true when there is more to tell at once. */
  run(signal: AbortSignal): Promise<boolean>;
  /** What the last poll said; true when the server should be asked at once. */
  heard(hint: PeopleHint): boolean;
}

export function openPeople(agent: AgentPort, server: SeatClient): People {
  let hint: PeopleHint = { called: false, mark: null };
  /** The mark before the last answer was made: what came later is another one. */
  let answeredMark: string | null = null;
  const isNew = (): boolean => hint.called || hint.mark !== answeredMark;
  return {
    run: async (signal) => {
      const asked = hint;
      const news = await agent.request('news', { always: asked.mark === null || isNew() });
      if (news === null) return false;
      const answer = await server.call({ method: 'POST', path: seatPaths.people, ...jsonBody(news), signal });
      const { taken, more } = await agent.request('people', readAnswer(answer, PeopleExchange));
      if (!taken) return false;
      answeredMark = asked.mark;
      if (asked === hint) hint = { ...hint, called: false };
      return more;
    },
    heard: (next) => {
      hint = { ...next, called: next.called || hint.called };
      return isNew();
    },
  };
}
