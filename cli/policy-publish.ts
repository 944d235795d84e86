/**
 * `policy publish`: checks a policy, signs it on the author's machine and brings it to the server. The signing key never
 * leaves this process; how a bundle is signed stands behind the one function below.
 */
import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import { consolePaths } from '../contract/console-api.ts';
import { POLICY_TYPE } from '../contract/seat-api.ts';
import type { Signer } from '../core/audit/crypto.ts';
import { preAuthenticationEncoding } from '../core/envelope/dsse.ts';
import { nodeCrypto } from '../crypto/index.ts';
import type { PolicyDocument, PolicyEnvelope } from '../policies/schema.ts';
import { readPrivateKey } from '../server/site/key-file.ts';
import { say } from './agent-client.ts';
import { CLINIC_HELP, clinicFile, missing } from './clinic-defaults.ts';
import { group } from './group.ts';
import { call, serverUrl } from './https.ts';
import { readPolicy } from './policy-file.ts';

interface PublishFlags {
  readonly server: string;
  readonly key?: string;
  readonly ca?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  group(program, 'policy', 'policy documents')
    .command('publish <file>')
    .description('sign a policy here and publish it; connected seats apply it within seconds')
    .requiredOption('--server <url>', "address of the server's console, https://HOST:PORT")
    .option('--key <file>', `signing key made by: keys new policy --out FILE ${CLINIC_HELP}`)
    .option('--ca <file>', `the site's authority, ca.pem in the server's state folder ${CLINIC_HELP}`)
    .option('--json', 'print JSON')
    .action(async (file: string, flags: PublishFlags) => {
      const policy = readPolicy(file);
      const key = flags.key ?? clinicFile('key', flags.server);
      if (key === null) throw missing('--key FILE', 'the signing key');
      const envelope = signPolicy(policy, nodeCrypto.signer(readPrivateKey(key, ['policy'])));
      await call({
        method: 'POST',
        url: serverUrl(flags.server, consolePaths.policy),
        caFile: flags.ca ?? clinicFile('ca', flags.server),
        body: JSON.stringify(envelope),
      });
      const { version } = policy;
      say(flags, { version }, `Published version ${version}. Connected seats apply it within seconds and report.`);
    });
}

/** A DSSE envelope (dsse v1) with one Ed25519 signature over the document's own bytes. */
export function signPolicy(policy: PolicyDocument, signer: Signer): PolicyEnvelope {
  const payload = Buffer.from(JSON.stringify(policy));
  const keyid = createHash('sha256').update(signer.publicKey).digest('hex');
  const sig = Buffer.from(signer.sign(preAuthenticationEncoding(POLICY_TYPE, payload))).toString('base64');
  return { payloadType: POLICY_TYPE, payload: payload.toString('base64'), signatures: [{ keyid, sig }] };
}
