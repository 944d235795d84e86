/**
 * What each event of the taxonomy is called elsewhere: DICOM audit codes (system http://dicom.nema.org/resources/ontology/DCM),
 * which FHIR AuditEvent uses for type and subtype, the FHIR outcome and action, and the OCSF type_uid (class x 100 +
 * activity). It holds codes and no rule.
 */
import type { EventType } from './events.ts';

export interface EventCodes {
  /** DCM event id and type; the type is null where the id says it all. */
  readonly dicom: { readonly id: number; readonly type: number | null };
  /** FHIR AuditEvent.action: Create, Read, Update, Delete, Execute. */
  readonly action: 'C' | 'R' | 'U' | 'D' | 'E';
  /** FHIR AuditEvent.outcome: 0 success, 4 minor, 8 serious, 12 major failure. */
  readonly outcome: 0 | 4 | 8 | 12;
  readonly ocsf: { readonly typeUid: number /** 2 is failure. */; readonly status: 1 | 2 };
}

type Outcome = EventCodes['outcome'];

const row = (id: number, type: number | null, typeUid: number, outcome: Outcome = 0): EventCodes => ({
  dicom: { id, type },
  action: 'E',
  outcome,
  ocsf: { typeUid, status: outcome === 0 ? 1 : 2 },
});

/** DCM event ids: application activity, audit log used, data export (paper is one), security alert, user authentication. */
const APPLICATION = 110_100;
const LOG_USED = 110_101;
const EXPORT = 110_106;
const ALERT = 110_113;
const USER = 110_114;

export const eventCodes: Readonly<Record<EventType, EventCodes>> = {
  'recording.started': row(ALERT, 110_134, 100_806),
  'recording.stopped': row(ALERT, 110_133, 100_807, 12),
  'recording.summarised': row(APPLICATION, null, 100_899),
  'recording.emergency': row(ALERT, 110_133, 100_807, 8),
  'recording.acknowledged': row(ALERT, 110_135, 200_403),
  'recording.read': { ...row(LOG_USED, null, 100_803), action: 'R' },
  'session.started': row(USER, 110_122, 300_201),
  'session.ended': row(USER, 110_123, 300_202),
  'session.locked': row(USER, 110_123, 300_202),
  'session.unlocked': row(USER, 110_122, 300_201),
  'session.overlapped': row(ALERT, 110_127, 300_299, 4),
  'session.warned': row(APPLICATION, null, 300_299),
  'card.used': row(USER, 110_122, 300_201),
  'pin.changed': row(ALERT, 110_137, 300_103),
  'badge.enrolled': row(ALERT, 110_137, 300_199),
  'auth.refused': row(USER, 110_122, 300_201, 4),
  'idle.judged': row(APPLICATION, null, 300_299),
  'procedure.started': row(APPLICATION, null, 300_299),
  'procedure.ended': row(APPLICATION, null, 300_299),
  'breakglass.started': row(ALERT, 110_127, 200_401),
  'breakglass.ended': row(ALERT, 110_138, 200_403),
  'breakglass.witnessed': row(ALERT, 110_127, 200_499),
  'breakglass.answered': row(ALERT, 110_138, 200_402),
  'app.launched': row(APPLICATION, 110_120, 100_701),
  'app.refused': row(ALERT, 110_132, 100_701, 4),
  'app.exited': row(APPLICATION, 110_121, 100_702),
  'app.frozen': row(APPLICATION, null, 100_799),
  'print.started': { ...row(EXPORT, null, 100_799), action: 'R' },
  'print.ended': { ...row(EXPORT, null, 100_799), action: 'R' },
  'print.refused': row(ALERT, 110_132, 100_701, 4),
  'web.refused': row(ALERT, 110_132, 100_701, 4),
  'web.failed': row(APPLICATION, null, 100_799, 4),
  'download.saved': { ...row(APPLICATION, null, 100_101), action: 'C' },
  'download.refused': row(ALERT, 110_132, 100_101, 4),
  'policy.applied': row(ALERT, 110_129, 501_901),
  'policy.refused': row(ALERT, 110_129, 501_901, 8),
  'directory.applied': row(ALERT, 110_137, 300_199),
  'directory.refused': row(ALERT, 110_137, 300_199, 8),
  'enrolment.refused': row(ALERT, 110_129, 501_901, 8),
  'enrolment.completed': row(ALERT, 110_129, 501_901),
  'authority.renewed': row(ALERT, 110_129, 501_901),
  'border.refused': row(ALERT, 110_126, 300_201, 8),
  'ui.lost': row(APPLICATION, 110_121, 100_702, 8),
  'ui.connected': row(APPLICATION, 110_120, 100_701),
  'sync.incident': row(ALERT, 110_126, 300_201, 8),
  'tamper.found': row(ALERT, 110_135, 200_401, 12),
  'clock.stepped': row(ALERT, 110_129, 501_901, 4),
  'reader.state': row(ALERT, 110_130, 501_901),
  'power.changed': row(APPLICATION, null, 501_901),
};
