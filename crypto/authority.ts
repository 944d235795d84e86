/**
 * When a certificate is a later one of an authority that is believed already: the same key and name, signed by itself, and it ends
 * later. An update of the key itself (RFC 4210 4.4) is another thing, and is none. Seats and servers judge by it alike. It must never
 * let another key in, nor take time away that is there.
 */
import { X509Certificate } from 'node:crypto';
import { WardlockError } from '../core/errors/index.ts';

/**
 * The later certificate, as PEM and nothing beside it, or null where what is present stays: it is the same one, an earlier one, or
 * does not hold at `now`.
 * @throws WardlockError ENROL_AUTHORITY_FOREIGN for one of another key or name, or none
 */
export function laterAuthority(present: string, offered: string, now: number): string | null {
  const known = new X509Certificate(present);
  const later = read(offered);
  const key = spkiOf(known);
  const same =
    later.ca &&
    later.subject === known.subject &&
    later.checkIssued(later) &&
    spkiOf(later).equals(key) &&
    // Whoever made it has the key, not only its public half.
    later.verify(known.publicKey);
  if (!same) throw new WardlockError('ENROL_AUTHORITY_FOREIGN');
  const holds = Date.parse(later.validFrom) <= now && now < Date.parse(later.validTo);
  if (!holds || Date.parse(later.validTo) <= Date.parse(known.validTo)) return null;
  // Made anew from what was judged: whatever else stood in the text would be trusted beside it.
  return later.toString();
}

/** Milliseconds since 1970 at which it ends. */
export function authorityEnd(pem: string): number {
  return Date.parse(new X509Certificate(pem).validTo);
}

function read(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new WardlockError('ENROL_AUTHORITY_FOREIGN', undefined, { cause });
  }
}

function spkiOf(certificate: X509Certificate): Buffer {
  return certificate.publicKey.export({ type: 'spki', format: 'der' });
}
