/**
 * A session's story in a terminal, from the same answer that the console's page draws. Pure text in, text out.
 */
import type { SessionStory } from './auditor.ts';

const TYPE_WIDTH = 20;

/** @param zone IANA name; times are shown in it and named once */
export function storyText(story: SessionStory, zone: string): string {
  const time = new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit', second: '2-digit' });
  const { session } = story;
  const who = session.personName ?? (session.kind === 'breakglass' ? 'Emergency access, nobody named' : 'nobody named');
  const lines = [
    `${who} at ${session.seat}, ${time.format(new Date(session.startedAt))} to ${session.endedAt === null ? 'now' : time.format(new Date(session.endedAt))} (${zone})`,
    `  ${story.policySays}`,
  ];
  const marks = [
    ...story.events.map((event) => ({
      at: event.at,
      text: `  ${time.format(new Date(event.at))}  ${event.type.padEnd(TYPE_WIDTH)} ${event.says}  [${event.proof}, #${event.seq}]`,
    })),
    ...story.gaps.map((gap) => ({
      at: gap.after,
      text: `  ${time.format(new Date(gap.after))}  ${'//////'.padEnd(TYPE_WIDTH)} ${gap.says}  [${gap.state}]`,
    })),
  ].sort((a, b) => a.at.localeCompare(b.at));
  return [...lines, ...marks.map((mark) => mark.text)].join('\n');
}
