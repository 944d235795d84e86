/** What the agent asks the screen to say, with its code small below for the helpdesk. Announced to a screen reader. */
import type { JSX } from 'react';
import type { Message, MessageKey } from '../../contract/seat-view.ts';
import { useSeat } from '../context.ts';
import { messageText } from '../i18n/text.ts';
import { type Mark, StateMark } from './icons.tsx';

/** Sentences that only tell; all others ask somebody to act. */
const CALM: readonly MessageKey[] = [
  'session.ended',
  'session.idle',
  'session.taken',
  'session.maxAge',
  'policy.none',
  'download.saved',
  'print.sent',
];
const GRAVE: readonly MessageKey[] = [
  'store.full',
  'store.broken',
  'policy.expired',
  'seat.faulted',
  'seat.unenforced',
  'seat.leftovers',
  'seat.notEnded',
  'badge.revoked',
  'pin.blocked',
];

function markOf(key: MessageKey): Mark {
  if (CALM.includes(key)) return 'unknown';
  return GRAVE.includes(key) ? 'stop' : 'warn';
}

export function MessageLine({ message, className = '' }: { readonly message: Message | null; readonly className?: string }): JSX.Element {
  const { t } = useSeat();
  return (
    <div className={`message-place ${className}`} role="status" aria-live="polite">
      {message !== null && (
        <p className={`message message-${markOf(message.key)}`} key={`${message.key} ${JSON.stringify(message.params)}`}>
          <StateMark mark={markOf(message.key)} />
          <span>
            {messageText(t, message)}
            {message.code !== undefined && <small className="code">{t('message.code', { code: message.code })}</small>}
          </span>
        </p>
      )}
    </div>
  );
}
