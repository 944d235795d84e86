/**
 * The lane that exchanges what seat and server know of people: carries sealed news up and the sealed answer down. It can
 * read neither, and invents neither: the agent takes only the answer to its own question.
 */
import { PeopleExchange } from '../../contract/people.ts';
import { seatPaths } from '../../contract/seat-api.ts';
import type { AgentPort } from './agent-port.ts';
import { jsonBody, readAnswer, type SeatClient } from './seat-client.ts';

export interface People {
  /** One exchange; true when there is more to tell at once. */
  run(signal: AbortSignal): Promise<boolean>;
}

export function openPeople(agent: AgentPort, server: SeatClient): People {
  return {
    run: async (signal) => {
      const news = await agent.request('news', {});
      if (news === null) return false;
      const answer = await server.call({ method: 'POST', path: seatPaths.people, ...jsonBody(news), signal });
      const { taken, more } = await agent.request('people', readAnswer(answer, PeopleExchange));
      return taken && more;
    },
  };
}
