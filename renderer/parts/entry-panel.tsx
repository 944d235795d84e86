/**
 * Where somebody without a badge says who they are: one field for a name or a code, names to pick, keys for gloves. It
 * keeps what is typed only while it is shown, and goes away by itself.
 */
import { type JSX, type SyntheticEvent, useEffect, useId, useRef, useState } from 'react';
import type { Message } from '../../contract/seat-view.ts';
import { useForgotten, useSeat, useTyping } from '../context.ts';
import { type Entry, entryOf, type Offered } from '../view/entry.ts';
import { Icon } from './icons.tsx';
import { MessageLine } from './message.tsx';

/** What somebody left half typed is forgotten after this, in milliseconds. */
const FORGET_MS = 45_000;
const LONGEST = 80;
const KEYS = [...'1234567890abcdefghijklmnopqrstuvwxyz.-'];

interface EntryPanelProps extends Offered {
  readonly title: string;
  readonly suggests: boolean;
  readonly message: Message | null;
  /** What was sent last found no answer. */
  readonly failed?: boolean;
  readonly onEntry: (entry: NonNullable<Entry>) => void;
  readonly onBack: () => void;
}

interface Named {
  readonly id: string;
  readonly displayName: string;
  readonly initials: string;
}

export function EntryPanel({ title, names, codes, suggests, message, failed = false, onEntry, onBack }: EntryPanelProps): JSX.Element {
  const { t } = useSeat();
  useTyping();
  const id = useId();
  const field = useRef<HTMLInputElement>(null);
  const [typed, setTyped] = useState('');
  const people = useNames(names && suggests, typed);
  const entry = entryOf(typed, { names, codes });
  useEffect(() => field.current?.focus(), []);
  useForgotten(typed, onBack, FORGET_MS);

  const send = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (entry === null) return;
    setTyped('');
    onEntry(entry);
  };
  const type = (change: (text: string) => string): void => {
    setTyped((text) => change(text).slice(0, LONGEST));
    field.current?.focus();
  };
  return (
    <form
      className="panel entry"
      onSubmit={send}
      onKeyDown={(event) => {
        if (event.key === 'Escape') onBack();
      }}
    >
      <h1>{title}</h1>
      <div className="field">
        <label htmlFor={id}>{names && codes ? t('entry.either') : names ? t('entry.name') : t('entry.code')}</label>
        <input
          id={id}
          ref={field}
          type="text"
          value={typed}
          maxLength={LONGEST}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          inputMode={names ? 'text' : 'numeric'}
          onChange={(event) => setTyped(event.target.value)}
        />
      </div>
      {people.length > 0 && (
        <ul className="entry-people" aria-label={t('entry.people')}>
          {people.map((person) => (
            <li key={person.id}>
              <button type="button" className="button" onClick={() => onEntry({ kind: 'name', name: person.id })}>
                <span className="avatar" aria-hidden="true">
                  {person.initials}
                </span>
                <span>{person.displayName}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <MessageLine message={message} failed={failed} />
      <div className="entry-steps">
        <button type="button" className="button" onClick={onBack}>
          {t('pin.cancel')}
        </button>
        <button type="submit" className="button button-accent" disabled={entry === null}>
          {t('entry.next')}
        </button>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset can't be a grid of keys in every Chromium that we support */}
      <div className="entry-keys" role="group" aria-label={t('entry.keys')} dir="ltr">
        {(names ? KEYS : KEYS.slice(0, 10)).map((key) => (
          <button type="button" key={key} className="entry-key" onClick={() => type((text) => text + key)}>
            {key}
          </button>
        ))}
        <button type="button" className="entry-key" aria-label={t('pin.delete')} onClick={() => type((text) => text.slice(0, -1))}>
          <Icon name="erase" />
        </button>
      </div>
    </form>
  );
}

/** People whose names begin like what is typed; only the answer to the newest question counts. */
function useNames(wanted: boolean, typed: string): readonly Named[] {
  const { bridge } = useSeat();
  const [people, setPeople] = useState<readonly Named[]>([]);
  useEffect(() => {
    let newest = true;
    if (!wanted || typed.trim() === '') setPeople([]);
    else
      void bridge.names({ typed: typed.trim() }).then((answer) => {
        if (newest) setPeople(answer.ok ? answer.result.people : []);
      });
    return () => {
      newest = false;
    };
  }, [bridge, wanted, typed]);
  return people;
}
