/**
 * The policy in force: one immutable snapshot, swapped in one assignment after its event is durable and its file is safe.
 * A candidate that fails any check leaves everything as it was, with a named reason.
 */
import { createHash } from 'node:crypto';
import { type ErrorCode, isWardlockError } from '../../core/errors/index.ts';
import { judgeCandidate } from '../../core/policy/candidate.ts';
import type { OwnPrograms } from '../../core/policy/never-brick.ts';
import { parsePolicy, refusalCode } from '../../policies/parse.ts';
import type { PolicyDocument } from '../../policies/schema.ts';
import { readIfThere, setAside, writeDurably } from '../state/durable-file.ts';
import type { VerifyEnvelope } from './envelope.ts';

/** Never changed after it was made; whoever holds one keeps deciding by it until told otherwise. */
export interface PolicySnapshot {
  readonly document: PolicyDocument;
  readonly version: number;
  /** SHA-256 of the signed bytes, hexadecimal. */
  readonly sha256: string;
  readonly expiresWallMs: number;
}

export type PolicyOutcome =
  | { readonly outcome: 'applied'; readonly version: number }
  | { readonly outcome: 'unchanged'; readonly version: number }
  | { readonly outcome: 'refused'; readonly code: ErrorCode; readonly message: string };

export interface PolicyPorts {
  readonly path: string;
  readonly tenant: string;
  readonly verify: VerifyEnvelope;
  /** The seat's own parts, which no policy may deny. */
  readonly own: () => OwnPrograms;
  /** Wall time for expiry, in milliseconds. */
  readonly wallMs: () => number;
  /** The highest version that was ever in force on this seat; 0 before the first. */
  readonly highest: () => number;
  /** Makes a version the highest one, durably. */
  readonly raiseHighest: (version: number) => void;
  /** Makes the change durable in the record, before it takes effect; rejects when it could not. */
  readonly record: (next: PolicySnapshot, replaces: number) => Promise<void>;
  readonly recordRefusal: (code: ErrorCode, offered: number | null, kept: number) => void;
}

type Checked =
  | { readonly ok: true; readonly snapshot: PolicySnapshot }
  | { readonly ok: false; readonly code: ErrorCode; readonly message: string; readonly offered: number | null };

export class PolicyStore {
  readonly #ports: PolicyPorts;
  #current: PolicySnapshot | null = null;
  /** The file was there and did not verify: a seat without policy until the next one arrives. */
  readonly wasBroken: boolean;

  constructor(ports: PolicyPorts) {
    this.#ports = ports;
    const stored = readIfThere(ports.path);
    const checked = stored === undefined ? undefined : this.#check(stored);
    this.wasBroken = checked?.ok === false;
    if (checked?.ok === true) this.#current = checked.snapshot;
    if (this.wasBroken) setAside(ports.path, 'broken');
  }

  get current(): PolicySnapshot | null {
    return this.#current;
  }

  get version(): number {
    return this.#current?.version ?? 0;
  }

  /** Candidate to active, or refused with a reason. */
  async offer(envelope: Uint8Array): Promise<PolicyOutcome> {
    const { wallMs, path, record, recordRefusal, tenant, own } = this.#ports;
    const checked = this.#check(envelope);
    if (!checked.ok) {
      recordRefusal(checked.code, checked.offered, this.version);
      return { outcome: 'refused', code: checked.code, message: checked.message };
    }
    const { snapshot } = checked;
    // The stored policy may be lost or an older one: nothing below what was once in force comes back, that itself does.
    const inForce = { tenant, version: Math.max(this.version, this.#ports.highest() - 1), sha256: this.#current?.sha256 ?? '' };
    const verdict = judgeCandidate(snapshot, inForce, wallMs(), own);
    if (verdict.outcome === 'unchanged') return { outcome: 'unchanged', version: this.version };
    if (verdict.outcome === 'refuse') {
      recordRefusal(verdict.code, snapshot.version, this.version);
      return { outcome: 'refused', code: verdict.code, message: verdict.message };
    }
    try {
      await record(snapshot, this.version);
    } catch (failure) {
      const code = isWardlockError(failure) ? failure.code : 'AUDIT_APPEND_FAILED';
      return { outcome: 'refused', code, message: 'The change could not be recorded, so it was not made.' };
    }
    this.#ports.raiseHighest(snapshot.version);
    writeDurably(path, envelope);
    this.#current = snapshot;
    return { outcome: 'applied', version: snapshot.version };
  }

  /** Signature, then form. Nothing of an unsigned envelope is looked at, not even its version. */
  #check(envelope: Uint8Array): Checked {
    const payload = this.#ports.verify(envelope);
    if (payload === undefined) {
      return {
        ok: false,
        code: 'POLICY_UNSIGNED',
        message: 'The policy has no valid signature by a policy key of this site.',
        offered: null,
      };
    }
    const parsed = parsePolicy(new TextDecoder().decode(payload), { comments: false, own: this.#ports.own });
    if (!parsed.ok) {
      const [first] = parsed.problems;
      const where = first === undefined ? '' : ` Line ${first.line}, column ${first.column}: ${first.message}`;
      return {
        ok: false,
        code: refusalCode(parsed.problems),
        message: `The policy is not valid.${where}`,
        offered: null,
      };
    }
    const { document } = parsed;
    const sha256 = createHash('sha256').update(payload).digest('hex');
    return {
      ok: true,
      snapshot: Object.freeze({ document, version: document.version, sha256, expiresWallMs: Date.parse(document.expiresAt) }),
    };
  }
}
