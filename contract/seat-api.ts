/**
 * The boundary between a seat and the server, over mutual TLS 1.3: paths, bodies and answers as schemas. The syncer is
 * its client. What the server hands over for the agent (enrolment reply, policy, directory) is signed end to end, so
 * that the syncer carries it without being believed.
 */
import Type, { type Static } from 'typebox';
import { Base64, Count, Id, Label, Sha256Hex, Timestamp, WorkstationId } from './scalars.ts';

const closed = { additionalProperties: false } as const;

/** Paths below the seats' address. `add-checkpoint` is C2SP tlog-witness; its body and answers are text. */
export const seatPaths = {
  enrol: '/v1/enrol',
  renew: '/v1/renew',
  authority: '/v1/authority',
  updates: '/v1/updates',
  reports: '/v1/reports',
  addCheckpoint: '/v1/add-checkpoint',
  entries: '/v1/entries',
  people: '/v1/people',
} as const;

/** A file that is public, such as a key in C2SP's vkey form: `name+hash+base64`. */
export const VerifierKey = Type.String({ pattern: '^[^\\s+]{1,200}\\+[0-9a-f]{8}\\+[A-Za-z0-9+/]{40,200}={0,2}$' });
/** 32 bytes, as base64 with padding. */
export const PublicKey32 = Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' });

/** The form of a DSSE envelope (dsse v1): each signature covers PAE(payloadType, payload). */
export const Envelope = Type.Object(
  {
    payloadType: Type.String({ maxLength: 120 }),
    payload: Base64,
    signatures: Type.Array(Type.Object({ keyid: Sha256Hex, sig: Base64 }, closed), { minItems: 1, maxItems: 8 }),
  },
  closed,
);

/**
 * What a machine says about itself: canonical JSON (RFC 8785), signed by the agent's Ed25519 log key over
 * PAE(CLAIM_TYPE, claim). It names the token and the syncer's TLS key, so that neither can be swapped.
 */
export const CLAIM_TYPE = 'application/vnd.wardlock.enrolment-claim+json';
export const EnrolmentClaim = Type.Object(
  {
    schema: Type.Literal('wardlock-enrolment-claim/1'),
    tokenId: Type.String({ pattern: '^[0-9a-f]{32}$' }),
    /** SHA-256 of the TLS key's SubjectPublicKeyInfo in DER. */
    tlsKeySha256: Sha256Hex,
    /** Ed25519 log key, fixed for the life of this enrolment. */
    logKey: VerifierKey,
    /** X25519; the directory is sealed to it. */
    sealingKey: PublicKey32,
    /** SHA-256 of node-machine-id's machine id, to tell a clone. */
    machineIdSha256: Sha256Hex,
    os: Type.Object(
      { platform: Type.String({ maxLength: 40 }), release: Type.String({ maxLength: 120 }), arch: Type.String({ maxLength: 20 }) },
      closed,
    ),
  },
  closed,
);

export const EnrolRequest = Type.Object(
  {
    /** The secret part of the token, as Crockford base32. Sent only to a server whose CA the token names. */
    secret: Type.String({ pattern: '^[0-9A-HJKMNP-TV-Z]{16}$' }),
    claim: Base64,
    signature: Base64,
    /** PKCS #10, DER. */
    csr: Base64,
  },
  closed,
);

/** Payload type of the envelope that answers an enrolment; its signature is the site CA's (ECDSA P-256, SHA-256, r||s). */
export const ENROLMENT_TYPE = 'application/vnd.wardlock.enrolment+json';
export const Enrolment = Type.Object(
  {
    schema: Type.Literal('wardlock-enrolment/1'),
    /** SHA-256 of the claim's bytes: an answer to this claim and to no other. */
    claimSha256: Sha256Hex,
    tenant: Id,
    workstationId: WorkstationId,
    seatName: Label,
    ward: Type.Object({ id: Id, name: Label }, closed),
    enrolledAt: Timestamp,
    /** Ed25519 keys that may sign policy for this site. */
    policyKeys: Type.Array(PublicKey32, { minItems: 1, maxItems: 8 }),
    /** Ed25519 key that signs the directory. */
    directoryKey: PublicKey32,
    /** Cosigns anchored checkpoints (pinned, entries not yet seen). Never a licence to prune. */
    witnessKey: VerifierKey,
    /** Cosigns what the server holds on disk and has verified: the receipt. Only this one permits pruning. */
    mirrorKey: VerifierKey,
    /** The site's CA, PEM. */
    ca: Type.String({ maxLength: 8192 }),
    /** The syncer's client certificate, PEM. */
    clientCertificate: Type.String({ maxLength: 8192 }),
  },
  closed,
);

/** The answer to an enrolment: `ca` is the CA's certificate (DER); its key's fingerprint is in the token. */
export const EnrolReply = Type.Object({ envelope: Envelope, ca: Base64 }, closed);

export const RenewRequest = Type.Object({ csr: Base64 }, closed);
export const RenewReply = Type.Object({ clientCertificate: Type.String({ maxLength: 8192 }) }, closed);

/** The present certificate of the site's authority, PEM. A seat takes it only where it is a later one of the authority that it has. */
export const AuthorityReply = Type.Object({ ca: Type.String({ maxLength: 8192 }) }, closed);

/** Long poll: answers at once when something is newer than what the seat has, else after `wait` seconds with nulls. */
export const UpdatesQuery = Type.Object(
  {
    policy: Type.String({ pattern: '^[0-9]{1,15}$' }),
    directory: Type.String({ pattern: '^[0-9]{1,15}$' }),
    wait: Type.String({ pattern: '^[0-9]{1,3}$' }),
  },
  closed,
);
export const UpdatesReply = Type.Object(
  {
    policy: Type.Union([Type.Null(), Type.Object({ version: Count, envelope: Base64 }, closed)]),
    directory: Type.Union([Type.Null(), Type.Object({ version: Count, sealed: Base64 }, closed)]),
    /** Somebody who is signed in here came in elsewhere: the seat asks at once what its server knows of people. */
    people: Type.Boolean(),
    /**
     * Another text whenever the other seats may know something new of this ward's people: then the seat asks. It says nothing of what that
     * is. Absent: this server does not tell, and seats ask at each turn.
     */
    peopleMark: Type.Optional(Type.String({ pattern: '^[0-9a-z-]{1,80}$' })),
  },
  closed,
);

/** Payload types of the two signed documents that updates carry. */
export const POLICY_TYPE = 'application/vnd.wardlock.policy+json';
export const DIRECTORY_TYPE = 'application/vnd.wardlock.directory+json';
/** HPKE base mode, X25519, HKDF-SHA256, AES-256-GCM; `info` is DIRECTORY_INFO, tenant and workstation id, each ended by a line feed. */
export const DIRECTORY_INFO = 'wardlock-directory/1';
/** The plaintext is the JSON of an `Envelope` of DIRECTORY_TYPE. `sealed` above is the base64 of this object's JSON. */
export const SealedDirectory = Type.Object({ enc: PublicKey32, ciphertext: Base64 }, closed);

/** Of an authority, `version` is when the certificate that the seat believes ends, in seconds since 1970. */
export const Report = Type.Object(
  {
    kind: Type.Union([Type.Literal('policy'), Type.Literal('directory'), Type.Literal('authority')]),
    version: Count,
    outcome: Type.Union([Type.Literal('applied'), Type.Literal('refused')]),
    code: Type.Union([Type.Null(), Type.String({ pattern: '^[A-Z][A-Z0-9_]{0,59}$' })]),
    message: Type.Union([Type.Null(), Type.String({ maxLength: 400 })]),
  },
  closed,
);

/** Body of every refusal, on both listeners. */
export const Refusal = Type.Object({
  code: Type.String({ maxLength: 60 }),
  message: Type.String({ maxLength: 400 }),
});

/**
 * PUT /v1/entries/:incarnation/:start. The body is binary, each part as u32 length (big-endian) and bytes: the checkpoint
 * note, the consistency proof from the batch's end to the checkpoint's size (32 bytes a hash, one part), then each entry.
 * A batch lies within one epoch: it never crosses that epoch's closing checkpoint.
 */
export const EntriesParams = Type.Object(
  { incarnation: Type.String({ pattern: '^[0-9a-f]{16}$' }), start: Type.String({ pattern: '^[0-9]{1,15}$' }) },
  closed,
);
/** At most this many entries and bytes a batch. */
export const BATCH_ENTRIES = 1024;
export const BATCH_BYTES = 1_048_576;
/** `receipt` is the checkpoint of exactly `size` entries with the mirror's cosignature as its one signature. */
export const EntriesReply = Type.Object({ size: Count, receipt: Type.String({ maxLength: 8192 }) }, closed);
/** 409: the server holds another size than `start`; go on from there. */
export const SizeConflict = Type.Object(
  { code: Type.String({ maxLength: 60 }), message: Type.String({ maxLength: 400 }), size: Count },
  closed,
);

export type Envelope = Static<typeof Envelope>;
export type EnrolmentClaim = Static<typeof EnrolmentClaim>;
export type Enrolment = Static<typeof Enrolment>;
export type EnrolRequest = Static<typeof EnrolRequest>;
export type EnrolReply = Static<typeof EnrolReply>;
export type UpdatesReply = Static<typeof UpdatesReply>;
export type SealedDirectory = Static<typeof SealedDirectory>;
export type Report = Static<typeof Report>;
export type EntriesReply = Static<typeof EntriesReply>;
