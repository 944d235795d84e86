/**
 * Finds out who answers before anything is said: connects without sending a byte of a request, walks the presented chain to
 * its root and compares that key's fingerprint with the token. Nothing here ever sees or sends the token's secret.
 */
import { createHash, type X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { type EnrolmentToken, namesAuthority } from '../../core/enrolment/token.ts';
import { WardlockError } from '../../core/errors/index.ts';

const TIMEOUT_MS = 15_000;
const LONGEST_CHAIN = 4;

/**
 * The PEM certificate of the authority that the token names, as this server presents it. Presenting it proves nothing by
 * itself: the caller connects again with it as the only trusted one.
 * @throws WardlockError SERVER_UNREACHABLE, ENROL_WRONG_SERVER
 */
export async function findAuthority(server: URL, token: EnrolmentToken): Promise<string> {
  const leaf = await presentedBy(server);
  let certificate: X509Certificate | undefined = leaf;
  for (let depth = 0; certificate !== undefined && depth < LONGEST_CHAIN; depth++) {
    const issuer: X509Certificate | undefined = certificate.issuerCertificate;
    const isRoot = certificate.ca && certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
    if (isRoot) {
      const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
      if (namesAuthority(token, createHash('sha256').update(spki).digest())) return certificate.toString();
      break;
    }
    if (issuer === undefined || !certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey)) break;
    certificate = issuer;
  }
  throw new WardlockError('ENROL_WRONG_SERVER');
}

function presentedBy(server: URL): Promise<X509Certificate> {
  const host = server.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      socket.destroy();
      reject(new WardlockError('SERVER_UNREACHABLE', `${server.origin} did not answer: ${cause.message}`, { cause }));
    };
    // Unverified on purpose and used for nothing but reading the chain; the verified connection comes after.
    const socket = connect({
      host,
      port: Number(server.port || 443),
      minVersion: 'TLSv1.3',
      rejectUnauthorized: false,
      timeout: TIMEOUT_MS,
    });
    socket.once('error', fail);
    socket.once('timeout', () => fail(new Error('no answer in time')));
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (certificate === undefined) fail(new Error('no certificate was presented'));
      else resolve(certificate);
    });
  });
}
