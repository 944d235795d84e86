/** Signing in without a badge: by name, by a temporary code, by a downtime card. The PIN is asked for afterwards. */
import type { JSX } from 'react';
import type { SeatView } from '../../contract/seat-view.ts';
import { useAsked, useSeat } from '../context.ts';
import { EntryPanel } from '../parts/entry-panel.tsx';
import { SeatPage } from '../parts/seat-page.tsx';

export function EntryScreen({ view, onBack }: { readonly view: SeatView; readonly onBack: () => void }): JSX.Element {
  const { t, bridge } = useSeat();
  const { failed, ask } = useAsked();
  const { byName, byCode, suggests } = view.signIn;
  return (
    <SeatPage view={view} busy>
      <EntryPanel
        title={t('entry.title')}
        names={byName}
        codes={byCode}
        suggests={suggests}
        message={view.message}
        failed={failed}
        onEntry={(entry) => void ask(entry.kind === 'code' ? bridge.code({ code: entry.code }) : bridge.name({ name: entry.name }))}
        onBack={onBack}
      />
    </SeatPage>
  );
}
