/**
 * A site as far as a seat's agent sees it: a real authority, real keys, everything signed and sealed as a server would, or
 * wrongly on purpose. For tests of the agent; the way over a real server has tests of its own.
 */
import { createHash, createHmac } from 'node:crypto';
import { join } from 'node:path';
import { hashRaw } from '@node-rs/argon2';
import type { Directory, Person } from '../../contract/directory.ts';
import {
  DIRECTORY_INFO,
  DIRECTORY_TYPE,
  ENROLMENT_TYPE,
  type Enrolment,
  type EnrolmentClaim,
  POLICY_TYPE,
} from '../../contract/seat-api.ts';
import { formatVerifierKey, NOTE_COSIGNATURE, parseVerifierKey } from '../../core/audit/index.ts';
import { formatToken } from '../../core/enrolment/token.ts';
import { preAuthenticationEncoding } from '../../core/envelope/dsse.ts';
import { workstationIdOf } from '../../crypto/enrolment.ts';
import { nodeCrypto } from '../../crypto/index.ts';
import type { PolicyDocument } from '../../policies/schema.ts';
import { type Authority, openAuthority } from '../../server/site/authority.ts';
import { testPolicy } from './policy.ts';

export interface StaffMember {
  readonly id: string;
  readonly badge: string;
  readonly pin: string | null;
  readonly change?: Partial<Person>;
}

const key = (): Uint8Array => nodeCrypto.random(32);
const base64 = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('base64');

export class SiteDouble {
  readonly tenant = 'site';
  readonly token: string;
  readonly readerKey = key();
  readonly #escrowKey = key();
  readonly #policySigner = nodeCrypto.signer(key());
  readonly #directorySigner = nodeCrypto.signer(key());
  readonly #mirror = nodeCrypto.signer(key());
  readonly #badgeKey = key();
  readonly #authority: Authority;
  #enrolled: { readonly workstationId: string; readonly sealingKey: Uint8Array } | null = null;

  private constructor(authority: Authority) {
    this.#authority = authority;
    this.token = formatToken(nodeCrypto.random(10), authority.spkiSha256);
  }

  static async open(folder: string): Promise<SiteDouble> {
    const { authority } = await openAuthority(join(folder, 'authority'), 'site', Date.now());
    return new SiteDouble(authority);
  }

  /** Knows the seat of another site, as a thief of its database would. */
  adopt(other: SiteDouble): void {
    this.#enrolled = other.#enrolled;
  }

  /** The answer to a seat's claim. */
  enrol(claim: string): string {
    const bytes = Buffer.from(claim, 'base64');
    const body: EnrolmentClaim = JSON.parse(bytes.toString('utf8'));
    const workstationId = workstationIdOf(parseVerifierKey(nodeCrypto, body.logKey).publicKey);
    this.#enrolled = { workstationId, sealingKey: new Uint8Array(Buffer.from(body.sealingKey, 'base64')) };
    const cosigner = (name: string): string =>
      formatVerifierKey(nodeCrypto, { name, type: NOTE_COSIGNATURE, publicKey: this.#mirror.publicKey });
    const enrolment: Enrolment = {
      schema: 'wardlock-enrolment/1',
      claimSha256: createHash('sha256').update(bytes).digest('hex'),
      tenant: this.tenant,
      workstationId,
      seatName: 'Bay 4',
      ward: { id: 'icu', name: 'ICU' },
      enrolledAt: new Date().toISOString(),
      policyKeys: [base64(this.#policySigner.publicKey)],
      directoryKey: base64(this.#directorySigner.publicKey),
      witnessKey: cosigner('site/witness'),
      mirrorKey: cosigner('site/mirror'),
      ca: this.#authority.certificatePem,
      clientCertificate: 'none',
    };
    const payload = Buffer.from(JSON.stringify(enrolment));
    const sig = base64(this.#authority.sign(preAuthenticationEncoding(ENROLMENT_TYPE, payload)));
    const signatures = [{ keyid: '0'.repeat(64), sig }];
    const envelope = { payloadType: ENROLMENT_TYPE, payload: base64(payload), signatures };
    return base64(JSON.stringify({ envelope, ca: base64(this.#authority.certificateDer) }));
  }

  /** A later certificate of the site's authority, made at `now`. */
  laterAuthority(now: number): Promise<string> {
    return this.#authority.successor(now);
  }

  document(version: number, change: Partial<PolicyDocument> = {}): PolicyDocument {
    const publicKey = (secret: Uint8Array): string => base64(nodeCrypto.hpkePublicKey(secret));
    return testPolicy(version, { reader: publicKey(this.readerKey), escrow: publicKey(this.#escrowKey) }, change);
  }

  /** A signed policy; the text is whatever the test wants signed. */
  policy(document: PolicyDocument | string, signer = this.#policySigner): string {
    const text = typeof document === 'string' ? document : JSON.stringify(document);
    return base64(JSON.stringify(envelopeOf(POLICY_TYPE, text, signer)));
  }

  /** The same by somebody who may not sign. */
  forgedPolicy(document: PolicyDocument): string {
    return this.policy(document, nodeCrypto.signer(key()));
  }

  async directory(version: number, staff: readonly StaffMember[], change: Partial<Directory> = {}): Promise<string> {
    if (this.#enrolled === null) throw new Error('enrol first');
    const persons = await Promise.all(staff.map((member) => this.#person(member)));
    const directory: Directory = {
      schema: 'wardlock-directory/1',
      tenant: this.tenant,
      version,
      issuedAt: new Date().toISOString(),
      ward: { id: 'icu', name: 'ICU' },
      seatName: 'Bay 4',
      badgeKey: base64(this.#badgeKey),
      persons,
      ...change,
    };
    const envelope = JSON.stringify(envelopeOf(DIRECTORY_TYPE, JSON.stringify(directory), this.#directorySigner));
    const info = new TextEncoder().encode(`${DIRECTORY_INFO}\n${this.tenant}\n${this.#enrolled.workstationId}\n`);
    const sealed = nodeCrypto.hpkeSeal(this.#enrolled.sealingKey, new TextEncoder().encode(envelope), { info, aad: new Uint8Array() });
    return base64(JSON.stringify({ enc: base64(sealed.enc), ciphertext: base64(sealed.ciphertext) }));
  }

  async #person({ id, badge, pin, change }: StaffMember): Promise<Person> {
    const salt = nodeCrypto.random(16);
    const cost = { memoryKiB: 19_456, passes: 2, lanes: 1 };
    const output =
      pin === null
        ? null
        : await hashRaw(pin, {
            algorithm: 2,
            memoryCost: cost.memoryKiB,
            timeCost: cost.passes,
            parallelism: cost.lanes,
            outputLen: 32,
            salt,
          });
    return {
      id,
      displayName: `${id} Example`,
      givenName: id,
      initials: id.slice(0, 2).toUpperCase(),
      role: 'nurse',
      badges: [createHmac('sha256', this.#badgeKey).update(badge).digest('hex')],
      pin: output === null || pin === null ? null : { ...cost, salt: base64(salt), output: base64(output), digits: pin.length },
      validFrom: null,
      validUntil: null,
      revoked: false,
      ...change,
    };
  }
}

function envelopeOf(payloadType: string, text: string, signer: ReturnType<typeof nodeCrypto.signer>): object {
  const payload = Buffer.from(text);
  const keyid = createHash('sha256').update(signer.publicKey).digest('hex');
  return {
    payloadType,
    payload: base64(payload),
    signatures: [{ keyid, sig: base64(signer.sign(preAuthenticationEncoding(payloadType, payload))) }],
  };
}
