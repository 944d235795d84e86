/**
 * `keys recipients`: who can open the record by the newest policy, and whether the reader holds those keys. For the day on
 * which a reader key is changed: before the new policy goes out, and after it.
 */
import type { Command } from 'commander';
import { nodeCrypto } from '../crypto/index.ts';
import { indexState } from '../server/services/index-state.ts';
import { keyIdOf } from '../server/services/reader-keys.ts';
import { readPublicPart } from '../server/site/key-file.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { publishedPolicy } from './published-policy.ts';
import { collect, DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';

interface RecipientFlags extends SiteFlags {
  readonly readerKey: readonly string[];
  readonly json?: boolean;
}

export function register(program: Command): void {
  group(program, 'keys', 'keys that people keep')
    .command('recipients')
    .description('who can open the record by the newest policy, and whether the reader would hold those keys')
    .option('--reader-key <file>', 'key file that the reader is started with, or its .pub (repeatable)', collect, [])
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--json', 'print JSON')
    .action(show);
}

async function show(flags: RecipientFlags): Promise<void> {
  const held = new Set(flags.readerKey.map((path) => keyIdOf(nodeCrypto, readPublicPart(path, ['reader', 'escrow']))));
  const { policy, index } = await withSite(flags, async (site) => ({
    policy: await site.policies.latest(),
    index: await indexState(site.store.db),
  }));
  const recipients = (publishedPolicy(policy?.envelope ?? null)?.recipients ?? []).map(({ id, role, publicKey }) => {
    const key = keyIdOf(nodeCrypto, Buffer.from(publicKey, 'base64'));
    return { id, role, key, held: held.has(key) };
  });
  const readable = recipients.some((one) => one.held);
  const lines = [
    policy === null ? 'No policy is published, so nobody is named.' : `Policy version ${policy.version} names:`,
    ...recipients.map(({ id, role, key, held: here }) => `  ${role.padEnd(7)} ${key} ${id}${here ? ' (held)' : ''}`),
    ...(held.size === 0
      ? []
      : [readable ? 'The reader opens new epochs.' : 'The reader would open NO new epoch: none of its keys is named.']),
    ...(index.unreadable === 0 ? [] : [`${index.unreadable} entries in the index were not opened: an old key is missing.`]),
  ];
  say(flags, { policyVersion: policy?.version ?? 0, recipients, unreadable: index.unreadable }, lines.join('\n'));
  if (held.size > 0 && !readable) process.exitCode = 1;
}
