/**
 * What a tap at an open seat was meant for, asked over the work while a short countdown runs. It answers nothing by itself:
 * what happens without an answer is the agent's.
 */
import { type JSX, useEffect, useId, useRef } from 'react';
import type { QuestionView } from '../../contract/seat-view.ts';
import { SESSION_BAR_HEIGHT, warningCard } from '../../core/view/frame.ts';
import { useCountdown, useSeat } from '../context.ts';
import { Ring } from '../parts/ring.tsx';
import { placed, useWindowSize } from './warning.tsx';

interface QuestionProps {
  readonly question: QuestionView;
  readonly overApp: boolean;
  /** What goes on here is an emergency access. */
  readonly emergency: boolean;
}

export function QuestionLayer({ question, overApp, emergency }: QuestionProps): JSX.Element {
  const { t, bridge, picture } = useSeat();
  const size = useWindowSize();
  const card = warningCard(size, SESSION_BAR_HEIGHT, picture.display.textPercent);
  const left = useCountdown(question.remainingMs, picture.view?.generation);
  const seconds = Math.ceil(left / 1000);
  const title = useId();
  const keep = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!overApp) keep.current?.focus();
  }, [overApp]);
  const isOwn = question.kind === 'stay';
  const text = isOwn ? 'question.stay.text' : emergency ? 'question.handOver.emergency' : 'question.handOver.text';
  return (
    <div className="warning question" data-over-app={overApp ? 'yes' : 'no'}>
      <section className="warning-card" role="alertdialog" aria-labelledby={title} style={placed(card)}>
        <div className="warning-text">
          <Ring part={left / Math.max(1, question.totalMs)} label={String(seconds)} />
          <div>
            <h2 id={title}>{isOwn ? t('question.stay.title') : t('question.handOver.title', { name: question.person.displayName })}</h2>
            <p>{t(text, { seconds })}</p>
          </div>
        </div>
        <div className="warning-buttons">
          {!isOwn && emergency && (
            <button type="button" className="button button-large" onClick={() => void bridge.witness({})}>
              {t('question.handOver.witness')}
            </button>
          )}
          <button type="button" className="button button-large" onClick={() => void (isOwn ? bridge.lock({}) : bridge.handOver({}))}>
            {t(isOwn ? 'warning.lock' : 'question.handOver.give')}
          </button>
          <button ref={keep} type="button" className="button button-accent button-large" onClick={() => void bridge.stay({})}>
            {t(isOwn ? 'warning.stay' : 'question.handOver.keep')}
          </button>
        </div>
      </section>
    </div>
  );
}
