/**
 * What a seat says when something happened (`Message`), in English, and how a sentence is made of it: for the screens, whose other languages
 * have the same keys, and for the command line. A sentence with a number is a function, so that its singular can't be forgotten.
 */
import type { Message } from './seat-view.ts';

export const count = (n: number, one: string, many: string): string => (n === 1 ? `1 ${one}` : `${n} ${many}`);

export const messageWords = {
  'message.badge.unknown': 'This badge is not known here. Try it again, or ask the helpdesk.',
  'message.badge.unreadable': 'This card could not be read. Hold it still and try again.',
  'message.reader.notAllowed': 'This kind of reader is not allowed here. Use the other one.',
  'message.reader.tooLong': 'The reader sent more than a badge holds. Tap it again, or tell the helpdesk.',
  'message.badge.revoked': 'This badge is blocked. Ask the helpdesk.',
  'message.badge.notYet': 'This badge is not valid now. Ask the helpdesk.',
  'message.name.unknown': 'No one of this name is known here. Type it again, or ask the helpdesk.',
  'message.name.notAllowed': 'Your name is not enough here. Tap your badge, or ask the helpdesk for a code.',
  'message.code.unknown': 'This code is not known here. Type it again, or ask the helpdesk.',
  'message.code.expired': 'This code is not valid any more. Ask the helpdesk for a new one.',
  'message.code.used': 'This card was used here before. Take the next one, or ask the helpdesk.',
  'message.code.doubt': 'This card opens no emergency access here now. Tap a badge, go to another seat, or call the helpdesk.',
  'message.code.wait': (p: { seconds: number }) => `Too many wrong codes. Wait ${count(p.seconds, 'second', 'seconds')}.`,
  'message.second.notAllowed': 'This person can’t confirm here. Someone else must.',
  'message.pin.wrong': (p: { tries: number }) => `Wrong PIN. ${count(p.tries, 'try', 'tries')} left.`,
  'message.pin.wait': (p: { seconds: number }) => `Too many wrong PINs. Wait ${count(p.seconds, 'second', 'seconds')}.`,
  'message.pin.blocked': 'This PIN is blocked after too many wrong tries. Ask the helpdesk.',
  'message.pin.none': 'There is no PIN for this badge yet. Ask the helpdesk.',
  'message.pin.short': 'Your PIN is too short for this seat. Ask the helpdesk for a longer one.',
  'message.session.taken': (p: { seat: string }) => `Your session moved to ${p.seat}.`,
  'message.session.ended': 'The session has ended.',
  'message.session.idle': 'Locked because no one was here.',
  'message.session.maxAge': 'The session reached its longest time and has ended.',
  'message.app.refused': (p: { app: string }) => `${p.app} is not allowed here.`,
  'message.app.changed': (p: { app: string }) => `${p.app} was changed since it was allowed, so it does not start. Tell the helpdesk.`,
  'message.app.failed': (p: { app: string }) => `${p.app} did not start. Try again, or tell the helpdesk.`,
  'message.download.saved': (p: { app: string; number: number }) =>
    `Saved in the folder Downloads until the session ends: file ${p.number}, from ${p.app}.`,
  'message.download.notAllowed': (p: { app: string }) => `${p.app} may not save files here.`,
  'message.download.address': (p: { app: string }) => `Not saved: the file of ${p.app} comes from an address that is not allowed here.`,
  'message.download.tooLarge': (p: { megabytes: number }) => `Not saved: the file is larger than ${p.megabytes} MB.`,
  'message.download.atOnce': 'Not saved: other files are still being saved. Try again when they are done.',
  'message.download.full': 'Not saved: there is no room for more files in this session.',
  'message.download.stopped': 'Not saved: the seat locked before the file was there. Save it again.',
  'message.download.failed': 'Not saved: something went wrong. Try again, or tell the helpdesk.',
  'message.download.noPlace': 'Not saved: this seat has no folder for files. Tell the helpdesk.',
  'message.download.noApplication': 'Not saved: you have no app here that could open a file.',
  'message.store.full': 'No room is left for the record. No new sessions. Call your helpdesk.',
  'message.store.broken': 'The record is damaged. No new sessions.',
  'message.print.sent': (p: { app: string }) => `Sent to the printer, from ${p.app}.`,
  'message.print.noPrinter': 'Not printed: this seat has no printer. Tell the helpdesk.',
  'message.print.refused': 'Not printed: the printer takes nothing now. Try again later, or tell the helpdesk.',
  'message.print.failed': 'Not printed: something went wrong. Try again, or tell the helpdesk.',
  'message.print.tooLong': 'Not printed: that is too much paper at once. Print a smaller part.',
  'message.print.notAllowed': (p: { app: string }) => `${p.app} may not print here.`,
  'message.print.tooMany': (p: { app: string }) => `Not printed: ${p.app} has printed too often. Wait a few minutes.`,
  'message.print.frame': (p: { app: string }) => `Not printed: this part of ${p.app} can’t be printed by itself. Print the whole page.`,
  'message.print.locked': 'Not printed: the seat was locked, or the page was left, too early. Print again.',
  'message.print.unknown': 'Perhaps printed, perhaps not: look at the printer before you print again.',
  'message.policy.none': 'This seat has no rules yet. It opens when they arrive.',
  'message.policy.expired': 'The rules of this seat have expired. Nobody can sign in.',
  'message.staff.tooOld': 'This seat has not heard from its server for too long. Nobody can sign in.',
  'message.staff.refused': 'The new staff list was refused, so this seat goes on with the former one. Tell the helpdesk.',
  'message.clock.wrong': 'The clock of this seat is wrong. IT must set it.',
  'message.emergency.works': 'Emergency access works.',
  'message.emergency.ifRecorded': 'Emergency access opens only if it can be recorded.',
  'message.breakglass.unavailable': 'Emergency access is not possible here.',
  'message.seat.faulted': 'This seat is out of order.',
  'message.seat.unenforced': 'What keeps programs in their place on this computer has failed.',
  'message.seat.leftovers': 'A program of the former session could not be closed. Switch the computer off and on again.',
  'message.seat.notEnded':
    'The former session is still being closed. The seat is free once it is. If it stays like this, switch the computer off and on again.',
  'message.anApp': 'This app',
  'message.otherSeat': 'another seat',
  'message.untoldFull': 'This seat has too much to tell its server. Do it at another seat, or tell the helpdesk.',
  'message.notTaken': 'That was not possible. Try again.',
  'message.code': (p: { code: string }) => `Code ${p.code}`,
} as const;

type Words = typeof messageWords;

/** The same keys with the same numbers and names, in other words. */
export type MessageCatalogue = { readonly [K in keyof Words]: Words[K] extends (p: infer P) => string ? (p: P) => string : string };

/** What the agent asks the screen to say, and what emergency access is left where it says so. Never more than the agent knows of it. */
export function messageText(words: MessageCatalogue, message: Message): string {
  const { emergency } = message.params;
  const said = sentenceOf(words, message);
  return emergency === 'works' || emergency === 'ifRecorded' ? `${said} ${words[`message.emergency.${emergency}`]}` : said;
}

/** Parameters that are missing leave a sentence that is still whole. */
function sentenceOf(words: MessageCatalogue, { key, params }: Message): string {
  const app = typeof params['app'] === 'string' ? params['app'] : words['message.anApp'];
  const number = (name: string): number => (typeof params[name] === 'number' ? params[name] : 0);
  switch (key) {
    case 'pin.wrong':
      return words['message.pin.wrong']({ tries: number('tries') });
    case 'code.wait':
    case 'pin.wait':
      return words[`message.${key}`]({ seconds: Math.ceil(number('seconds')) });
    case 'session.taken':
      return words['message.session.taken']({ seat: typeof params['seat'] === 'string' ? params['seat'] : words['message.otherSeat'] });
    case 'app.refused':
    case 'app.changed':
    case 'app.failed':
    case 'download.notAllowed':
    case 'download.address':
    case 'print.sent':
    case 'print.notAllowed':
    case 'print.tooMany':
    case 'print.frame':
      return words[`message.${key}`]({ app });
    case 'download.saved':
      return words['message.download.saved']({ app, number: number('number') });
    case 'download.tooLarge':
      return words['message.download.tooLarge']({ megabytes: number('megabytes') });
    default:
      return words[`message.${key}`];
  }
}
