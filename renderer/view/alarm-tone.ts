/** The sound of the local alarm: three short tones, made by the browser itself, so that no file is loaded. */

const TONES = 3;
/** Pitch in hertz, level from 0 to 1, times in seconds. */
const PITCH = 880;
const LEVEL = 0.5;
const TONE_S = 0.25;
const STEP_S = 0.4;

export function soundAlarm(context: AudioContext): void {
  const begin = context.currentTime;
  for (let at = 0; at < TONES; at += 1) {
    const tone = context.createOscillator();
    const level = context.createGain();
    tone.frequency.value = PITCH;
    level.gain.value = LEVEL;
    tone.connect(level).connect(context.destination);
    tone.start(begin + at * STEP_S);
    tone.stop(begin + at * STEP_S + TONE_S);
  }
}
