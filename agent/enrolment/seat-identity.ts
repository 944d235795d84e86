/**
 * Who this seat is: its log key, its sealing key, and what the site answered when it enrolled. It owns the enrolment's
 * states; keys are made here on first use and never leave the agent.
 */
import { createHash } from 'node:crypto';
import { arch, platform, release } from 'node:os';
import nodeMachineId from 'node-machine-id';
import Type from 'typebox';
import type { EnrolmentClaim } from '../../contract/seat-api.ts';
import { CLAIM_TYPE, Enrolment } from '../../contract/seat-api.ts';
import type { SeatView } from '../../contract/seat-view.ts';
import { formatVerifierKey, logKeyName, NOTE_ED25519, type Signer } from '../../core/audit/index.ts';
import { parseToken } from '../../core/enrolment/token.ts';
import { canonicalJson } from '../../core/envelope/canonical-json.ts';
import { preAuthenticationEncoding } from '../../core/envelope/dsse.ts';
import { WardlockError } from '../../core/errors/index.ts';
import { tokenId as idOfToken, workstationIdOf } from '../../crypto/enrolment.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import type { SecretBox } from '../keys/index.ts';
import { type BoxedFile, loadBoxed, saveBoxed } from '../state/boxed.ts';
import { verifyEnrolmentReply } from './verify-reply.ts';

const Stored = Type.Object({
  enrolment: Enrolment,
  /** Set once the audit store was born; without it a missing store would look like a fresh one. */
  logBorn: Type.Boolean(),
});

export interface IdentityPorts {
  readonly path: string;
  readonly box: SecretBox;
  readonly logSeed: Uint8Array;
  readonly sealingSeed: Uint8Array;
}

type EnrolmentView = NonNullable<SeatView['enrolment']>;
/** A token that was typed and what was claimed under it. */
interface Running {
  readonly token: string;
  claimSha256: string | null;
}

export class SeatIdentity {
  readonly #file: BoxedFile<typeof Stored>;
  readonly #box: SecretBox;
  readonly #logSigner: Signer;
  readonly workstationId: string;
  readonly logKey: string;
  readonly sealingKey: string;
  readonly wasBroken: boolean;
  #enrolment: Enrolment | null = null;
  #logBorn = false;
  #running: Running | null = null;
  #view: EnrolmentView = { step: 'idle', error: null };

  constructor({ path, box, logSeed, sealingSeed }: IdentityPorts) {
    this.#file = { path, purpose: 'enrolment', schema: Stored };
    this.#box = box;
    this.#logSigner = nodeCrypto.signer(logSeed);
    const { publicKey } = this.#logSigner;
    this.workstationId = workstationIdOf(publicKey);
    const workstation = new Uint8Array(Buffer.from(this.workstationId, 'hex'));
    this.logKey = formatVerifierKey(nodeCrypto, { name: logKeyName(workstation), type: NOTE_ED25519, publicKey });
    this.sealingKey = Buffer.from(nodeCrypto.hpkePublicKey(sealingSeed)).toString('base64');
    const loaded = loadBoxed(this.#file, box);
    this.wasBroken = loaded.found === 'broken';
    // Another log key than the enrolled one: the seat was cloned or its keys are gone. It enrols again.
    if (loaded.found === 'value' && loaded.value.enrolment.workstationId === this.workstationId) {
      this.#enrolment = loaded.value.enrolment;
      this.#logBorn = loaded.value.logBorn;
    }
  }

  get enrolment(): Enrolment | null {
    return this.#enrolment;
  }

  /** Signs what this seat tells its server; the server knows the key as the seat's log key. */
  get signer(): Signer {
    return this.#logSigner;
  }

  get logBorn(): boolean {
    return this.#logBorn;
  }

  /** What the enrolment screen shows; null once the seat is enrolled and nobody enrols it. */
  get view(): EnrolmentView | null {
    return this.#enrolment === null ? this.#view : null;
  }

  /** Somebody typed a token. @throws ENROL_ALREADY */
  begin(token: string): void {
    if (this.#enrolment !== null) throw new WardlockError('ENROL_ALREADY');
    this.#running = { token, claimSha256: null };
    this.#view = { step: 'contacting', error: null };
  }

  report(step: 'contacting' | 'verifying' | 'certifying' | 'failed', error: EnrolmentView['error']): void {
    if (this.#enrolment !== null) return;
    this.#view = { step, error };
    if (step === 'failed') this.#running = null;
  }

  /**
   * The claim of this machine under the token that was typed here: canonical bytes and their signature by the log key.
   * @throws ENROL_ALREADY, SESSION_NOT_NOW, ENROL_TOKEN_MALFORMED, ENROL_CLAIM_INVALID when the syncer names another token
   */
  claim(tokenId: string, tlsKeySha256: string): { readonly claim: Uint8Array; readonly signature: Uint8Array } {
    if (this.#enrolment !== null) throw new WardlockError('ENROL_ALREADY');
    if (this.#running === null) throw new WardlockError('SESSION_NOT_NOW', 'Nobody typed an enrolment token at this seat.');
    if (tokenId !== idOfToken(parseToken(this.#running.token).secret)) {
      throw new WardlockError('ENROL_CLAIM_INVALID', 'The claim was asked for under another token than the one typed at this seat.');
    }
    const body: EnrolmentClaim = {
      schema: 'wardlock-enrolment-claim/1',
      tokenId,
      tlsKeySha256,
      logKey: this.logKey,
      sealingKey: this.sealingKey,
      machineIdSha256: machineIdSha256(),
      os: { platform: platform(), release: release().slice(0, 120), arch: arch() },
    };
    const claim = new TextEncoder().encode(canonicalJson(body));
    this.#running.claimSha256 = createHash('sha256').update(claim).digest('hex');
    return { claim, signature: this.#logSigner.sign(preAuthenticationEncoding(CLAIM_TYPE, claim)) };
  }

  /**
   * The server's answer as the syncer brought it: checked against the token that was typed here, then kept.
   * @throws ENROL_WRONG_SERVER, ENROL_REPLY_INVALID
   */
  accept(reply: Uint8Array): Enrolment {
    if (this.#running?.claimSha256 == null)
      throw new WardlockError('SESSION_NOT_NOW', 'This seat has made no claim that could be answered.');
    const { token, claimSha256 } = this.#running;
    const enrolment = verifyEnrolmentReply({ reply, token, claimSha256, workstationId: this.workstationId });
    this.#save(enrolment, false);
    this.#running = null;
    this.#view = { step: 'done', error: null };
    return enrolment;
  }

  /** The seat believes this certificate of its site's authority from now on, which was judged by the one before. */
  setAuthority(ca: string): void {
    if (this.#enrolment !== null) this.#save({ ...this.#enrolment, ca }, this.#logBorn);
  }

  /** The store exists from now on; one that is gone later is a finding. */
  setLogBorn(): void {
    if (this.#enrolment !== null && !this.#logBorn) this.#save(this.#enrolment, true);
  }

  #save(enrolment: Enrolment, logBorn: boolean): void {
    saveBoxed(this.#file, this.#box, { enrolment, logBorn });
    this.#enrolment = enrolment;
    this.#logBorn = logBorn;
  }
}

/** Hashed by the library, so that the server can tell a clone without learning the id that other software uses. */
function machineIdSha256(): string {
  try {
    return nodeMachineId.machineIdSync();
  } catch (cause) {
    throw new WardlockError('ENROL_CLAIM_INVALID', 'This machine has no machine id (/etc/machine-id). Make one, then enrol again.', {
      cause,
    });
  }
}
