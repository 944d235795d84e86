/**
 * What IT sees at a seat: each part of it in a sentence, and what to do about one that is not as it should be. Pure: the present comes
 * in as an argument. It says only what the agent told; it must never call a thing right that is not known.
 */
import type { TruthView } from '../../contract/seat-view.ts';
import type { Text } from '../i18n/text.ts';
import { age } from './time.ts';

export interface Check {
  readonly id: 'reader' | 'connection' | 'storage' | 'policy' | 'staff' | 'keys' | 'idle' | 'enforcement';
  readonly mark: 'ok' | 'warn' | 'stop' | 'unknown';
  readonly says: readonly string[];
  readonly todo: string | null;
}

type Finding = Omit<Check, 'id'>;

const ok = (says: string): Finding => ({ mark: 'ok', says: [says], todo: null });
const warn = (says: string, todo: string): Finding => ({ mark: 'warn', says: [says], todo });
const stop = (says: string, todo: string): Finding => ({ mark: 'stop', says: [says], todo });
const unknown = (says: string, todo: string | null = null): Finding => ({ mark: 'unknown', says: [says], todo });

/** In the order in which somebody who mends a seat asks. */
export function checksOf(t: Text, truth: TruthView, now: Date): readonly Check[] {
  return [
    { id: 'reader', ...reader(t, truth) },
    { id: 'connection', ...connection(t, truth, now) },
    { id: 'policy', ...policy(t, truth) },
    { id: 'staff', ...staff(t, truth, now) },
    { id: 'storage', ...storage(t, truth) },
    { id: 'enforcement', ...enforcement(t, truth) },
    { id: 'keys', ...keys(t, truth) },
    { id: 'idle', ...idle(t, truth) },
  ];
}

/** How many of them somebody must look at. */
export function needingAttention(checks: readonly Check[]): number {
  return checks.filter(({ mark }) => mark === 'warn' || mark === 'stop').length;
}

function reader(t: Text, { reader: { state, name } }: TruthView): Finding {
  switch (state) {
    case 'ok':
      return ok(t('check.reader.ok', { reader: name }));
    case 'none':
      return unknown(t('check.reader.none'), t('check.reader.noneTodo'));
    case 'absent':
      return warn(t('lock.readerAbsent'), t('lock.readerAbsentHint'));
    case 'stopped':
      return warn(t('lock.readerStopped'), t('lock.readerStoppedHint'));
    case 'frozen':
      return warn(t('lock.readerFrozen'), t('lock.readerFrozenHint'));
    case 'ghost':
      return warn(t('lock.readerGhost'), t('lock.readerGhostHint'));
  }
}

function connection(t: Text, { connection: { state, since } }: TruthView, now: Date): Finding {
  switch (state) {
    case 'online':
      return ok(t('check.connection.online'));
    case 'unenrolled':
      return unknown(t('check.connection.unenrolled'), t('check.connection.unenrolledTodo'));
    case 'offline': {
      const says = since === null ? t('check.connection.offline') : t('check.connection.offlineFor', { age: agoOf(t, since, now) });
      return warn(says, t('check.connection.todo'));
    }
  }
}

function policy(t: Text, { policy: { state, version } }: TruthView): Finding {
  switch (state) {
    case 'active':
      return ok(t('check.policy.active', { version }));
    case 'stale':
      return warn(t('check.policy.stale', { version }), t('check.connection.todo'));
    case 'none':
      return stop(t('check.policy.none'), t('check.policy.noneTodo'));
    case 'expired':
      return stop(t('message.policy.expired'), t('check.policy.expiredTodo'));
  }
}

function staff(t: Text, { staff: { state, asOf } }: TruthView, now: Date): Finding {
  if (state === 'none' || asOf === null) return stop(t('check.staff.none'), t('check.connection.todo'));
  const says = t('check.staff.asOf', { age: agoOf(t, asOf, now) });
  if (state === 'fresh') return ok(says);
  const means = t(`truth.staff.${state}Meaning`);
  return { mark: state === 'old' ? 'warn' : 'stop', says: [says, means], todo: t('check.staff.todo') };
}

function storage(t: Text, { storage: { state, daysLeft: days, unreceipted: waiting } }: TruthView): Finding {
  switch (state) {
    case 'ok':
      return ok(t('check.storage.ok', { days, waiting }));
    case 'low':
      return warn(t('check.storage.low', { days }), t('check.storage.roomTodo'));
    case 'full':
      return stop(t('check.storage.full'), t('check.storage.roomTodo'));
    case 'broken':
      return stop(t('message.store.broken'), t('check.storage.brokenTodo'));
  }
}

const LAYERS = ['app-user', 'cgroup', 'landlock', 'namespaces', 'network', 'denial-reports'] as const;

function enforcement(t: Text, { enforcement: { mode, missing } }: TruthView): Finding {
  if (mode === 'enforced' && missing.length === 0) return ok(t('check.enforcement.enforced'));
  return { mark: 'warn', says: [t('check.enforcement.degraded'), ...gapsOf(t, missing)], todo: t('check.enforcement.todo') };
}

/** What is not enforced, in the language of the screen. */
export function gapsOf(t: Text, missing: TruthView['enforcement']['missing']): readonly string[] {
  return missing.map(({ layer, meaning }) => {
    // An agent that is newer than these screens may name others: then its own sentence stands, in its language.
    const known = LAYERS.find((one) => one === layer);
    return known === undefined ? meaning : t(`check.layer.${known}`);
  });
}

function keys(t: Text, { keys: { protection } }: TruthView): Finding {
  return protection === 'file' ? warn(t('check.keys.file'), t('check.keys.fileTodo')) : ok(t(`check.keys.${protection}`));
}

function idle(t: Text, { idle: { confidence, reason } }: TruthView): Finding {
  if (reason !== null) return { mark: 'warn', says: [t(`truth.idle.${reason}`)], todo: null };
  return confidence === 'full' ? ok(t('check.idle.full')) : unknown(t('check.idle.testing'));
}

function agoOf(t: Text, moment: string, now: Date): string {
  return age(t, now.getTime() - Date.parse(moment));
}
