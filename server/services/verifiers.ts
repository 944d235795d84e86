/**
 * Verification keys of seats made ready once and kept, bounded: reading a key costs half of what checking a signature does.
 * They are public; nothing here is a secret or a decision.
 */
import { type AuditCrypto, type NoteVerifier, parseVerifierKey, type SignatureVerifier } from '../../core/audit/index.ts';

/** Two for each of some thousand seats: its log key and the key of its epoch. About a kilobyte each. */
const MOST = 8192;

/** The same ports, which remember the verifiers that they made. */
export function rememberVerifiers(crypto: AuditCrypto): AuditCrypto {
  const verifiers = new Map<string, SignatureVerifier>();
  return {
    ...crypto,
    verifier: (publicKey) => {
      const id = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.length).toString('latin1');
      return remembered(verifiers, id, () => crypto.verifier(publicKey));
    },
  };
}

/** Reads verification keys as `parseVerifierKey` does. @throws WardlockError AUDIT_KEY_UNSUITABLE */
export function openLogKeys(crypto: AuditCrypto): (vkey: string) => NoteVerifier {
  const keys = new Map<string, NoteVerifier>();
  return (vkey) => remembered(keys, vkey, () => parseVerifierKey(crypto, vkey));
}

/** The oldest goes when there are too many. */
function remembered<T>(known: Map<string, T>, id: string, make: () => T): T {
  const found = known.get(id);
  if (found !== undefined) return found;
  const made = make();
  const oldest = known.size < MOST ? undefined : known.keys().next().value;
  if (oldest !== undefined) known.delete(oldest);
  known.set(id, made);
  return made;
}
