/** The drawn badge above its reader: says what to do to a person who reads no word. Moves a few times, then rests. */
import type { JSX } from 'react';
import type { TruthView } from '../../contract/seat-view.ts';

export function BadgeDrawing({ reader }: { readonly reader: TruthView['reader']['state'] }): JSX.Element {
  return (
    <div className="badge-place">
      <svg className="badge-drawing" data-reader={reader} viewBox="0 0 320 260" aria-hidden="true" focusable="false">
        <g className="reader">
          <rect className="reader-body" x="46" y="176" width="228" height="64" rx="20" />
          <rect className="reader-plate" x="66" y="190" width="188" height="36" rx="12" />
          <circle className="reader-light" cx="234" cy="208" r="6" />
          {reader === 'absent' && <path className="reader-cable" d="M274 208h14c10 0 12 8 12 16v20" strokeDasharray="6 8" />}
          {reader !== 'absent' && <path className="reader-cable" d="M274 208h14c10 0 12 8 12 16v20" />}
        </g>
        <g className="waves">
          <path d="M128 160c20 10 44 10 64 0" />
          <path d="M112 146c30 16 66 16 96 0" />
        </g>
        <g className="badge">
          <path className="badge-strap" d="M146 26 132-6M174 26l14-32" />
          <rect className="badge-card" x="88" y="22" width="144" height="104" rx="14" />
          <rect className="badge-slot" x="146" y="32" width="28" height="7" rx="3.5" />
          <circle className="badge-face" cx="126" cy="74" r="15" />
          <path className="badge-face" d="M101 112c3-15 13-21 25-21s22 6 25 21Z" />
          <path className="badge-line" d="M168 66h44M168 82h44M168 98h28" />
        </g>
      </svg>
    </div>
  );
}
