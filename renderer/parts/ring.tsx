/** A ring that empties: waiting, holding, checking. The number inside keeps its width. */
import type { JSX } from 'react';

const RADIUS = 20;
const LENGTH = 2 * Math.PI * RADIUS;

interface RingProps {
  /** How much of the ring is drawn, 0 to 1. */
  readonly part: number;
  readonly label?: string;
  readonly turning?: boolean;
}

export function Ring({ part, label, turning = false }: RingProps): JSX.Element {
  const shown = Math.min(1, Math.max(0, part));
  return (
    <span className={turning ? 'ring ring-turning' : 'ring'} aria-hidden="true">
      <svg viewBox="0 0 48 48" focusable="false" aria-hidden="true">
        <circle className="ring-track" cx="24" cy="24" r={RADIUS} />
        <circle
          className="ring-part"
          cx="24"
          cy="24"
          r={RADIUS}
          strokeDasharray={`${LENGTH * shown} ${LENGTH}`}
          transform="rotate(-90 24 24)"
        />
      </svg>
      {label !== undefined && <span className="ring-label">{label}</span>}
    </span>
  );
}
