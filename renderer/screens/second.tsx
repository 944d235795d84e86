/** Two people for one session: the first has proven who they are, the second is asked for. The agent decides who may. */
import type { JSX } from 'react';
import type { SeatView } from '../../contract/seat-view.ts';
import { useSeat } from '../context.ts';
import { BadgeDrawing } from '../parts/badge-drawing.tsx';
import { MessageLine } from '../parts/message.tsx';
import { ReaderTrouble } from '../parts/reader-trouble.tsx';
import { SeatPage } from '../parts/seat-page.tsx';
import type { SecondPrompt } from '../view/screen.ts';

export function SecondScreen({ view, prompt }: { readonly view: SeatView; readonly prompt: SecondPrompt }): JSX.Element {
  const { t, bridge } = useSeat();
  return (
    <SeatPage view={view} busy>
      <BadgeDrawing reader={view.truth.reader.state} />
      <div className="instruction">
        <h1>{t('second.title')}</h1>
        <p>{t('second.text', { name: prompt.person.displayName, roles: prompt.roles.join(', ') })}</p>
      </div>
      <ReaderTrouble truth={view.truth} />
      <MessageLine message={view.message} />
      <button type="button" className="button" onClick={() => void bridge.cancel({})}>
        {t('pin.cancel')}
      </button>
    </SeatPage>
  );
}
