/** When one shift of a person ends and the next begins, as far as sign-ins tell it: by a long pause. One number for the seat, which counts PIN prompts, and for reports. */

/** Whoever was asked for no PIN for so long has begun another shift, in milliseconds. */
export const SHIFT_PAUSE_MS = 8 * 3_600_000;
