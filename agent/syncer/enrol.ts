/**
 * The syncer's half of an enrolment: makes sure who the server is before the token is sent, has the agent claim this
 * machine, and keeps the certificate that comes back. The agent checks the answer again and is enrolled by its own judgement.
 */
import { Value } from 'typebox/value';
import { Enrolment, EnrolReply, seatPaths } from '../../contract/seat-api.ts';
import { parseToken } from '../../core/enrolment/token.ts';
import { isWardlockError, WardlockError } from '../../core/errors/index.ts';
import { tokenId } from '../../crypto/enrolment.ts';
import type { AgentPort } from './agent-port.ts';
import { findAuthority } from './authority.ts';
import { dropIdentity, newKeyRequest, type SyncerIdentity, writeIdentity } from './identity.ts';
import { jsonBody, openSeatClient, readAnswer } from './seat-client.ts';

export interface EnrolWith {
  readonly server: string;
  readonly token: string;
}

/** @throws WardlockError ENROL_*, SERVER_*: nothing is kept then; IPC_*: what the server gave is kept, as the agent may be enrolled by it */
export async function enrol(agent: AgentPort, folder: string, { server, token }: EnrolWith): Promise<SyncerIdentity> {
  const parsed = parseToken(token);
  const url = serverOf(server);
  await agent.request('enrolmentStep', { step: 'contacting' });
  const ca = await findAuthority(url, parsed);
  await agent.request('enrolmentStep', { step: 'verifying' });
  const key = await newKeyRequest();
  const claim = await agent.request('enrolmentClaim', { tlsKeySha256: key.spkiSha256, tokenId: tokenId(parsed.secret) });
  await agent.request('enrolmentStep', { step: 'certifying' });
  const client = openSeatClient(url.origin, ca, null);
  try {
    const request = { secret: parsed.secret, claim: claim.claim, signature: claim.signature, csr: key.csr.toString('base64') };
    const answer = await client.call({ method: 'POST', path: seatPaths.enrol, ...jsonBody(request) });
    const reply = readAnswer(answer, EnrolReply);
    const enrolment: unknown = JSON.parse(Buffer.from(reply.envelope.payload, 'base64').toString('utf8'));
    if (!Value.Check(Enrolment, enrolment)) throw new WardlockError('ENROL_REPLY_INVALID');
    const identity: SyncerIdentity = {
      schema: 'wardlock-syncer/1',
      server: url.origin,
      workstationId: enrolment.workstationId,
      ca,
      key: key.keyPem,
      certificate: enrolment.clientCertificate,
    };
    // Kept first: a crash between the two leaves a certificate without a use, not an enrolled seat without a certificate.
    writeIdentity(folder, identity);
    try {
      await agent.request('enrolled', { reply: answer.body.toString('base64') });
    } catch (error) {
      // Where the agent did not answer it may have stored the enrolment all the same; a certificate without one is of no use to anybody.
      if (isWardlockError(error) && !error.code.startsWith('IPC_')) dropIdentity(folder);
      throw error;
    }
    return identity;
  } finally {
    client.close();
  }
}

function serverOf(text: string): URL {
  try {
    const url = new URL(text.includes('://') ? text : `https://${text}`);
    if (url.protocol === 'https:') return url;
  } catch {
    // Falls through to the one sentence that says what is wanted.
  }
  throw new WardlockError('START_USAGE', `${text} is no server address. Write https://HOST:PORT.`);
}
