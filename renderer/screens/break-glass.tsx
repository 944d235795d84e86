/** Emergency access in two steps: why, then hold to confirm. It opens nothing itself; the agent decides and records. */
import { type JSX, useCallback, useEffect, useRef, useState } from 'react';
import type { SeatView } from '../../contract/seat-view.ts';
import { useAsked, useForgotten, useSeat } from '../context.ts';
import { BadgeDrawing } from '../parts/badge-drawing.tsx';
import { EntryPanel } from '../parts/entry-panel.tsx';
import { Icon } from '../parts/icons.tsx';
import { MessageLine } from '../parts/message.tsx';
import { ReaderTrouble } from '../parts/reader-trouble.tsx';
import { SeatPage } from '../parts/seat-page.tsx';

/** How long the button is held, in milliseconds: longer than a slip, shorter than an emergency. Equals `--hold` in panels.css. */
const HOLD_MS = 1_500;
const NOTE_LIMIT = 200;
/** What somebody left there, and their own words, are forgotten after this, in milliseconds. */
const FORGET_MS = 60_000;

interface BreakGlassProps {
  readonly view: SeatView;
  readonly onBack: () => void;
}

export function BreakGlassScreen({ view, onBack }: BreakGlassProps): JSX.Element {
  const { t, bridge } = useSeat();
  const { reasons, limitSeconds, needsBadge } = view.breakGlass;
  const [reasonId, setReasonId] = useState(reasons[0]?.id ?? '');
  const [note, setNote] = useState('');
  const [confirming, setConfirming] = useState(false);
  const [opening, setOpening] = useState(false);
  useForgotten(JSON.stringify([reasonId, note, confirming, opening]), onBack, FORGET_MS);

  const { failed, ask } = useAsked();
  const open = useCallback(async () => {
    setOpening(true);
    await ask(bridge.breakGlass({ reasonId, note: note.trim() }));
    setOpening(false);
  }, [bridge, ask, reasonId, note]);

  return (
    <SeatPage view={view} busy>
      <div className="panel emergency">
        <h1 className="emergency-title">
          <Icon name="emergency" />
          <span>{confirming ? t('breakglass.confirmTitle') : t('breakglass.title')}</span>
        </h1>
        {reasons.length === 0 ? (
          <p>{t('breakglass.noReasons')}</p>
        ) : confirming ? (
          <>
            <p>{t('breakglass.confirmText', { minutes: Math.round(limitSeconds / 60) })}</p>
            {needsBadge && <p>{t('breakglass.badge')}</p>}
            <HoldButton
              label={opening ? t('breakglass.opening') : t('breakglass.hold')}
              holding={t('breakglass.holding')}
              busy={opening}
              onHeld={open}
            />
            <MessageLine message={view.message} failed={failed} />
          </>
        ) : (
          <Reasons view={view} reasonId={reasonId} onReason={setReasonId} note={note} onNote={setNote} />
        )}
        <div className="emergency-steps">
          <button type="button" className="button" onClick={() => (confirming ? setConfirming(false) : onBack())}>
            {confirming ? t('breakglass.back') : t('pin.cancel')}
          </button>
          {!confirming && reasonId !== '' && (
            <button type="button" className="button button-accent" onClick={() => setConfirming(true)}>
              {t('breakglass.next')}
            </button>
          )}
        </div>
      </div>
    </SeatPage>
  );
}

/** Asked for and confirmed: the agent waits for a known badge. */
export function EmergencyBadgeScreen({ view }: { readonly view: SeatView }): JSX.Element {
  const { t, bridge } = useSeat();
  const [typing, setTyping] = useState(false);
  const { failed, ask } = useAsked();
  if (typing && view.signIn.byCode) {
    return (
      <SeatPage view={view} busy>
        <EntryPanel
          title={t('breakglass.title')}
          names={false}
          codes
          suggests={false}
          message={view.message}
          failed={failed}
          onEntry={(entry) => entry.kind === 'code' && void ask(bridge.code({ code: entry.code }))}
          onBack={() => setTyping(false)}
        />
      </SeatPage>
    );
  }
  return (
    <SeatPage view={view} busy>
      <BadgeDrawing reader={view.truth.reader.state} />
      <div className="instruction">
        <h1>{t('lock.tap')}</h1>
        <p>{t('breakglass.badgeHint')}</p>
      </div>
      <ReaderTrouble truth={view.truth} />
      <MessageLine message={view.message} />
      {view.signIn.byCode && (
        <button type="button" className="button button-entry" onClick={() => setTyping(true)}>
          {t('breakglass.code')}
        </button>
      )}
      <button type="button" className="button" onClick={() => void bridge.cancel({})}>
        {t('pin.cancel')}
      </button>
    </SeatPage>
  );
}

interface ReasonsProps {
  readonly view: SeatView;
  readonly reasonId: string;
  readonly onReason: (id: string) => void;
  readonly note: string;
  readonly onNote: (note: string) => void;
}

function Reasons({ view, reasonId, onReason, note, onNote }: ReasonsProps): JSX.Element {
  const { t } = useSeat();
  return (
    <>
      <fieldset className="reasons">
        <legend>{t('breakglass.why')}</legend>
        {view.breakGlass.reasons.map(({ id, text }) => (
          <label key={id} className="reason">
            <input type="radio" name="reason" checked={id === reasonId} onChange={() => onReason(id)} />
            <span>{text}</span>
          </label>
        ))}
      </fieldset>
      <label className="field">
        <span>{t('breakglass.note')}</span>
        <input
          type="text"
          value={note}
          maxLength={NOTE_LIMIT}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => onNote(event.target.value)}
        />
        <small>{t('breakglass.noteHint')}</small>
      </label>
    </>
  );
}

interface HoldProps {
  readonly label: string;
  readonly holding: string;
  readonly busy: boolean;
  readonly onHeld: () => Promise<void>;
}

/** Held by pointer or by Enter and Space; letting go starts over. */
function HoldButton({ label, holding, busy, onHeld }: HoldProps): JSX.Element {
  const [held, setHeld] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const start = (): void => {
    if (busy || timer.current !== undefined) return;
    setHeld(true);
    timer.current = setTimeout(() => {
      end();
      void onHeld();
    }, HOLD_MS);
  };
  const end = (): void => {
    clearTimeout(timer.current);
    timer.current = undefined;
    setHeld(false);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  return (
    <button
      type="button"
      className="button hold"
      data-held={held ? 'yes' : 'no'}
      disabled={busy}
      onPointerDown={start}
      onPointerUp={end}
      onPointerLeave={end}
      onPointerCancel={end}
      onBlur={end}
      onKeyDown={(event) => {
        if (event.key === 'Enter' || event.key === ' ') start();
      }}
      onKeyUp={end}
    >
      <span className="hold-fill" aria-hidden="true" />
      <span className="hold-label">{held ? holding : label}</span>
    </button>
  );
}
