/** What the agent asks the screen to say, with its code small below for the helpdesk. Announced to a screen reader. */
import { type JSX, useState } from 'react';
import type { Message, MessageKey } from '../../contract/seat-view.ts';
import { useCountdown, useSeat } from '../context.ts';
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

/** Sentences that name a time to wait. */
const WAITS: readonly MessageKey[] = ['pin.wait', 'code.wait'];

interface MessageLineProps {
  readonly message: Message | null;
  /** What was asked for last found no answer. */
  readonly failed?: boolean;
  readonly className?: string;
}

export function MessageLine({ message, failed = false, className = '' }: MessageLineProps): JSX.Element {
  const { saidAt } = useSeat();
  return (
    <div className={`message-place ${className}`} role="status" aria-live="polite">
      {failed && <NotTaken />}
      {!failed &&
        message !== null &&
        (WAITS.includes(message.key) ? (
          <Wait message={message} key={saidAt} />
        ) : (
          <Said message={message} key={`${message.key} ${JSON.stringify(message.params)}`} />
        ))}
    </div>
  );
}

function NotTaken(): JSX.Element {
  const { t } = useSeat();
  return (
    <p className="message message-warn">
      <StateMark mark="warn" />
      <span>{t('message.notTaken')}</span>
    </p>
  );
}

function Said({ message, silent = false }: { readonly message: Message; readonly silent?: boolean }): JSX.Element {
  const { t } = useSeat();
  return (
    <p className={`message message-${markOf(message.key)}`} aria-hidden={silent}>
      <StateMark mark={markOf(message.key)} />
      <span>
        {messageText(t, message)}
        {message.code !== undefined && <small className="code">{t('message.code', { code: message.code })}</small>}
      </span>
    </p>
  );
}

/** Says how long is left of it, and nothing once it is over. It is read out once, not with each second. One for each time it is said. */
function Wait({ message }: { readonly message: Message }): JSX.Element | null {
  const { t, saidAt } = useSeat();
  const whole = typeof message.params['seconds'] === 'number' ? message.params['seconds'] * 1000 : 0;
  const [atFirst] = useState(() => Math.max(0, whole - (performance.now() - saidAt)));
  const left = useCountdown(atFirst, saidAt);
  const leftOf = (ms: number): Message => ({ ...message, params: { ...message.params, seconds: ms / 1000 } });
  if (left === 0) return null;
  return (
    <>
      <span className="unseen">{messageText(t, leftOf(atFirst))}</span>
      <Said message={leftOf(left)} silent />
    </>
  );
}
