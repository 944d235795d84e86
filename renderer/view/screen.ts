/** Which screen a picture is. Pure; whatever is unclear is a lock. */
import type { LinkState, Picture } from '../../contract/bridge.ts';
import type { PromptView, SeatView } from '../../contract/seat-view.ts';

export type PinPrompt = Extract<PromptView, { kind: 'pin' }>;
export type SecondPrompt = Extract<PromptView, { kind: 'second' }>;
export type OpenView = SeatView & { readonly session: NonNullable<SeatView['session']> };

export type Screen =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'away'; readonly link: LinkState; readonly forMs: number }
  | { readonly kind: 'enrolment'; readonly view: SeatView }
  | { readonly kind: 'faulted'; readonly view: SeatView }
  | { readonly kind: 'lock'; readonly view: SeatView; readonly locking: boolean }
  | { readonly kind: 'pin'; readonly view: SeatView; readonly prompt: Exclude<PromptView, { kind: 'badge' | 'second' }> }
  | { readonly kind: 'second'; readonly view: SeatView; readonly prompt: SecondPrompt }
  | { readonly kind: 'badge'; readonly view: SeatView }
  | { readonly kind: 'launcher'; readonly view: OpenView }
  | { readonly kind: 'app'; readonly view: OpenView; readonly appId: string };

export function screenOf(picture: Picture): Screen {
  const { view, link } = picture;
  if (link !== 'up' && link !== 'connecting') return { kind: 'away', link, forMs: picture.linkForMs };
  if (view === null || link === 'connecting') return { kind: 'connecting' };
  if (view.phase === 'unenrolled') return { kind: 'enrolment', view };
  if (view.phase === 'faulted') return { kind: 'faulted', view };
  if (picture.lockPredicted) return { kind: 'lock', view, locking: true };
  if (view.phase === 'open' || view.phase === 'warning') {
    if (view.session === null) return { kind: 'lock', view, locking: false };
    const open: OpenView = { ...view, session: view.session };
    return picture.front === null ? { kind: 'launcher', view: open } : { kind: 'app', view: open, appId: picture.front };
  }
  if (view.prompt?.kind === 'badge') return { kind: 'badge', view };
  if (view.prompt?.kind === 'second') return { kind: 'second', view, prompt: view.prompt };
  if (view.prompt !== null) return { kind: 'pin', view, prompt: view.prompt };
  return { kind: 'lock', view, locking: false };
}
