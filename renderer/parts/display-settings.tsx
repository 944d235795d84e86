/** Language, text size, light or dark: open to anyone in front of the seat, locked or not. It changes looks only. */
import { type JSX, useEffect, useId, useRef, useState } from 'react';
import type { DisplaySettings } from '../../contract/bridge.ts';
import type { Language } from '../../contract/looks.ts';
import { useForgotten, useSeat } from '../context.ts';
import { de } from '../i18n/de.ts';
import { en } from '../i18n/en.ts';
import { Icon } from './icons.tsx';

/** Each in its own words, so that whoever reads no other finds it. */
const LANGUAGES: Readonly<Record<Language, string>> = { en: en['language.name'], de: de['language.name'] };
/** Before a policy is known. */
const ALL_LANGUAGES: readonly Language[] = ['en', 'de'];
const SIZES = [100, 150, 200] as const;
/** Left open it would stand before the next person, in milliseconds. */
const CLOSE_AFTER_MS = 60_000;
const THEMES = ['auto', 'light', 'dark'] as const;

export function DisplayButton(): JSX.Element {
  const { t } = useSeat();
  const [open, setOpen] = useState(false);
  return (
    <>
      <button type="button" className="button button-quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="settings" />
        <span>{t('display.title')}</span>
      </button>
      {open && <DisplayPanel onClose={() => setOpen(false)} />}
    </>
  );
}

function DisplayPanel({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const { t, bridge, picture } = useSeat();
  const panel = useRef<HTMLDialogElement>(null);
  const title = useId();
  useEffect(() => panel.current?.showModal(), []);
  useForgotten(JSON.stringify(picture.display), () => panel.current?.close(), CLOSE_AFTER_MS);
  const set = (part: Partial<DisplaySettings>): void => void bridge.display({ ...picture.display, ...part });
  const { locale, textPercent, theme } = picture.display;
  const languages = picture.view?.looks?.languages ?? ALL_LANGUAGES;
  return (
    <dialog ref={panel} className="panel settings" aria-labelledby={title} onClose={onClose}>
      <h2 id={title}>{t('display.title')}</h2>
      {languages.length > 1 && (
        <Choice
          legend={t('display.language')}
          options={languages.map((language) => [language, LANGUAGES[language]])}
          value={locale}
          onChoose={(value) => set({ locale: value })}
        />
      )}
      <Choice
        legend={t('display.text')}
        options={SIZES.map((percent) => [percent, `${percent} %`, t('display.textSize', { percent })])}
        value={textPercent}
        onChoose={(value) => set({ textPercent: value })}
      />
      <Choice
        legend={t('display.theme')}
        options={THEMES.map((value) => [value, t(`display.theme.${value}`)])}
        value={theme}
        onChoose={(value) => set({ theme: value })}
      />
      <button type="button" className="button button-accent" onClick={() => panel.current?.close()}>
        {t('display.done')}
      </button>
    </dialog>
  );
}

interface ChoiceProps<T extends string | number> {
  readonly legend: string;
  readonly options: readonly (readonly [value: T, name: string, label?: string])[];
  readonly value: string | number;
  readonly onChoose: (value: T) => void;
}

function Choice<T extends string | number>({ legend, options, value, onChoose }: ChoiceProps<T>): JSX.Element {
  const group = useId();
  return (
    <fieldset className="choice">
      <legend>{legend}</legend>
      <div className="choice-row">
        {options.map(([option, name, label]) => (
          <label key={option} className="choice-option">
            <input type="radio" name={group} checked={option === value} aria-label={label ?? name} onChange={() => onChoose(option)} />
            <span>{name}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
