/** The seat's own drawings: one stroke width, one grid of 24, no library. An icon never stands without a word. */
import type { JSX, ReactNode } from 'react';

const DRAWINGS: Readonly<Record<string, ReactNode>> = {
  calculator: (
    <>
      <rect x="5" y="3" width="14" height="18" rx="2.5" />
      <path d="M8.5 7.5h7" />
      <path d="M8.5 12h.01M12 12h.01M15.5 12h.01M8.5 16.5h.01M12 16.5h.01M15.5 16.5h.01" strokeWidth="2.4" />
    </>
  ),
  printer: (
    <>
      <path d="M7 8.5V3.5h10v5" />
      <path d="M7 17H5a2 2 0 0 1-2-2v-4.5a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2V15a2 2 0 0 1-2 2h-2" />
      <path d="M7 14.5h10v6H7Z" />
      <path d="M17 11.5h.01" strokeWidth="2.4" />
    </>
  ),
  clock: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M12 7v5.2l3.4 2" />
    </>
  ),
  book: (
    <>
      <path d="M12 6.2C10.2 4.9 7.6 4.4 4 4.5v13.6c3.6-.1 6.2.4 8 1.7 1.8-1.3 4.4-1.8 8-1.7V4.5c-3.6-.1-6.2.4-8 1.7Z" />
      <path d="M12 6.2v13.6" />
    </>
  ),
  chart: (
    <>
      <rect x="3.5" y="3.5" width="17" height="17" rx="3" />
      <path d="M6.5 13h2.7l1.8-5 2.6 8 1.6-3h2.3" />
    </>
  ),
  pill: (
    <>
      <rect x="2.4" y="8" width="19.2" height="8" rx="4" transform="rotate(-45 12 12)" />
      <path d="m9.2 9.2 5.6 5.6" />
    </>
  ),
  lab: (
    <>
      <path d="M9.5 3h5M10.5 3v6.2L5 18.3A1.8 1.8 0 0 0 6.6 21h10.8a1.8 1.8 0 0 0 1.6-2.7L13.5 9.2V3" />
      <path d="M7.6 15h8.8" />
    </>
  ),
  image: (
    <>
      <rect x="3.5" y="4" width="17" height="16" rx="3" />
      <circle cx="9" cy="9.5" r="1.6" />
      <path d="m4 17.5 5-4.5 3.5 3 3.5-4 4.5 4.5" />
    </>
  ),
  notes: (
    <>
      <path d="M6.5 3h8L19 7.5V19a2 2 0 0 1-2 2H6.5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2Z" />
      <path d="M14 3v5h5M8.5 12.5h7M8.5 16.5h5" />
    </>
  ),
  phone: (
    <path d="M6.5 3.5h2.6l1.6 4.3-2 1.5a11 11 0 0 0 5.8 5.8l1.5-2 4.3 1.6v2.6a2.6 2.6 0 0 1-2.8 2.6A15.8 15.8 0 0 1 4 6.3a2.6 2.6 0 0 1 2.5-2.8Z" />
  ),
  mail: (
    <>
      <rect x="3" y="5" width="18" height="14" rx="3" />
      <path d="m4 7.5 8 6 8-6" />
    </>
  ),
  web: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M3 12h18M12 3c2.5 2.6 3.7 5.6 3.7 9s-1.2 6.4-3.7 9c-2.5-2.6-3.7-5.6-3.7-9S9.5 5.6 12 3Z" />
    </>
  ),
  terminal: (
    <>
      <rect x="3" y="4.5" width="18" height="15" rx="3" />
      <path d="m7 10 2.5 2L7 14.5M12.5 15H17" />
    </>
  ),
  people: (
    <>
      <circle cx="9" cy="8.5" r="3.5" />
      <path d="M2.8 19.5c.5-3.6 2.9-5.5 6.2-5.5s5.7 1.9 6.2 5.5M15.5 5.3a3.5 3.5 0 0 1 0 6.4M17 14.3c2.3.6 3.8 2.3 4.2 5.2" />
    </>
  ),
  app: (
    <>
      <rect x="3.5" y="4.5" width="17" height="15" rx="3" />
      <path d="M3.5 9h17M7 6.8h.01M9.5 6.8h.01" />
    </>
  ),
  lock: (
    <>
      <rect x="5" y="10.5" width="14" height="10" rx="2.5" />
      <path d="M8 10.5V7.6a4 4 0 0 1 8 0v2.9M12 14.5v2" />
    </>
  ),
  home: (
    <>
      <rect x="4" y="4" width="6.5" height="6.5" rx="1.6" />
      <rect x="13.5" y="4" width="6.5" height="6.5" rx="1.6" />
      <rect x="4" y="13.5" width="6.5" height="6.5" rx="1.6" />
      <rect x="13.5" y="13.5" width="6.5" height="6.5" rx="1.6" />
    </>
  ),
  close: <path d="m6.5 6.5 11 11m0-11-11 11" />,
  search: (
    <>
      <circle cx="10.8" cy="10.8" r="6.3" />
      <path d="m15.5 15.5 5 5" />
    </>
  ),
  emergency: (
    <>
      <path d="M12 3.5 21 19.5H3L12 3.5Z" />
      <path d="M12 10v4.2M12 17h.01" />
    </>
  ),
  erase: (
    <>
      <path d="M9 5.5h9.5a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2H9L3.5 12 9 5.5Z" />
      <path d="m11.5 9.5 5 5m0-5-5 5" />
    </>
  ),
  settings: (
    <>
      <path d="M4 17.5 8.2 6.5h.6L13 17.5M5.5 14h6" />
      <path d="M14.5 17.5 17 11h.5l2.5 6.5M15.3 15.5h3.9" />
    </>
  ),
  leave: (
    <>
      <path d="M10 4.5H6.5a2 2 0 0 0-2 2v11a2 2 0 0 0 2 2H10" />
      <path d="M14.5 8 18.5 12l-4 4M18 12H9.5" />
    </>
  ),
  about: (
    <>
      <circle cx="12" cy="12" r="9" />
      <path d="M12 11v5.5M12 7.6h.01" />
    </>
  ),
  check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
};

export function Icon({ name, className = 'icon' }: { readonly name: string; readonly className?: string }): JSX.Element {
  return (
    <svg className={className} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {DRAWINGS[name] ?? DRAWINGS['app']}
    </svg>
  );
}

export type Mark = 'ok' | 'warn' | 'stop' | 'unknown';

/** A state as a shape, so that colour never speaks alone: disc, triangle, square, hollow ring. */
export function StateMark({ mark }: { readonly mark: Mark }): JSX.Element {
  return (
    <svg className={`mark mark-${mark}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      {mark === 'ok' && <circle cx="8" cy="8" r="5.5" />}
      {mark === 'warn' && <path d="M8 2 14.5 13.5h-13z" />}
      {mark === 'stop' && <rect x="2.5" y="2.5" width="11" height="11" rx="1" />}
      {mark === 'unknown' && <circle cx="8" cy="8" r="5" />}
    </svg>
  );
}
