/** `status`: what the seat shows now, in words. */
import type { Command } from 'commander';
import type { Result } from '../contract/boundary.ts';
import type { CliBoundary } from '../contract/cli.ts';
import { messageText, messageWords } from '../contract/message-text.ts';
import { errorMeanings, isErrorCode } from '../core/errors/index.ts';
import { askAgent, DEFAULT_SEAT_STATE, type SeatFlags, STATE_HELP, say } from './agent-client.ts';

export function register(program: Command): void {
  program
    .command('status')
    .description('what the seat shows now')
    .option('--state <dir>', STATE_HELP, DEFAULT_SEAT_STATE)
    .option('--json', 'print the whole picture as JSON')
    .action(async (flags: SeatFlags) => {
      const view = await askAgent(flags.state, 'status', {});
      say(flags, view, inWords(view));
    });
}

function inWords(view: Result<CliBoundary, 'status'>): string {
  const { truth, witnessed } = view;
  const who = view.session === null ? 'nobody is signed in' : `${view.session.person.displayName} since ${view.session.startedAt}`;
  return [
    `${view.seat.name}, ${view.seat.wardName}: ${view.phase}, ${who}`,
    ...(view.kept === null ? [] : [`Work kept for ${view.kept.initials} until ${view.kept.until}`]),
    ...(view.message === null ? [] : [`Says: ${told(view.message)}`]),
    `Policy ${truth.policy.version} (${truth.policy.state}), connection ${truth.connection.state}, reader ${truth.reader.state} (${truth.reader.name}), record ${truth.storage.state}, enforcement ${truth.enforcement.mode}`,
    witnessed === null
      ? "The server's witness has confirmed nothing of this record yet"
      : `The server's witness confirmed ${witnessed.size} entries of the record, last on ${witnessed.at}`,
  ].join('\n');
}

/** In English, as the seat says it to whoever stands there; a code has its meaning, too. */
export function told(message: NonNullable<Result<CliBoundary, 'status'>['message']>): string {
  const { code } = message;
  const said = messageText(messageWords, message);
  return code !== undefined && isErrorCode(code) ? `${said} ${errorMeanings[code]} (${code})` : said;
}
