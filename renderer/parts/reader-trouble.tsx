/** Where a badge is asked for and its reader can't read one: what is wrong with it, and what to do. */
import type { JSX } from 'react';
import type { TruthView } from '../../contract/seat-view.ts';
import { useSeat } from '../context.ts';
import { readerTrouble } from '../view/instruction.ts';
import { StateMark } from './icons.tsx';

export function ReaderTrouble({ truth }: { readonly truth: TruthView }): JSX.Element {
  const { t } = useSeat();
  const trouble = readerTrouble(truth);
  return (
    <div className="message-place" role="status">
      {trouble !== null && (
        <p className="message message-warn">
          <StateMark mark="warn" />
          <span>
            <strong>{t(trouble.title)}</strong> {t(trouble.hint)}
          </span>
        </p>
      )}
    </div>
  );
}
