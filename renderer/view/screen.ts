/** Which screen a picture is. Pure; whatever is unclear is a lock. */
import type { LinkState, Picture, WebTrouble } from '../../contract/bridge.ts';
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
  | { readonly kind: 'app'; readonly view: OpenView; readonly appId: string }
  | { readonly kind: 'trouble'; readonly view: OpenView; readonly appId: string; readonly trouble: WebTrouble };

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
    const { front, trouble } = picture;
    if (front === null) return { kind: 'launcher', view: open };
    return trouble === null ? { kind: 'app', view: open, appId: front } : { kind: 'trouble', view: open, appId: front, trouble };
  }
  if (view.prompt?.kind === 'badge') return { kind: 'badge', view };
  if (view.prompt?.kind === 'second') return { kind: 'second', view, prompt: view.prompt };
  if (view.prompt !== null) return { kind: 'pin', view, prompt: view.prompt };
  return { kind: 'lock', view, locking: false };
}
