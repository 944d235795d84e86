/** `keys new`: makes the keys that people keep: policy (signs), reader and escrow (open the record). */
import type { Command } from 'commander';
import { WardlockError } from '../core/errors/index.ts';
import { nodeCrypto } from '../crypto/index.ts';
import { type KeyKind, makeKeyFiles } from '../server/site/key-file.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';
import { DEFAULT_SERVER_STATE, type SiteFlags, withSite } from './server.ts';

const says: Record<KeyKind, string> = {
  policy: 'Keep it with the policy authors. Start the server with --policy-key FILE.pub.',
  reader: 'Give it to the reader role only (server --reader-key FILE). Name the public key in the policy as a recipient.',
  escrow: 'Take it offline now. It opens the record when the reader key is lost. Name the public key in the policy as a recipient.',
};

interface ShowFlags extends SiteFlags {
  readonly seat?: string;
  readonly json?: boolean;
}

export function register(program: Command): void {
  const keys = group(program, 'keys', 'keys that people keep');
  keys
    .command('show')
    .description('print the public keys of this site, for audit verify')
    .option('--seat <name>', 'also the log key of a seat, by name or workstation id, as it was enrolled')
    .option('--state <dir>', 'state folder of the server', DEFAULT_SERVER_STATE)
    .option('--database <url>', 'database of the server')
    .option('--json', 'print JSON')
    .action(show);
  keys
    .command('new <kind>')
    .description('make a key: policy, reader or escrow')
    .requiredOption('--out <file>', 'private part, mode 0600; FILE.pub gets the public one')
    .option('--json', 'print JSON')
    .action((kind: string, flags: { readonly out: string; readonly json?: boolean }) => {
      if (kind !== 'policy' && kind !== 'reader' && kind !== 'escrow') {
        throw new WardlockError('START_USAGE', `${kind} is no kind of key. Choose policy, reader or escrow.`);
      }
      const { publicKey } = makeKeyFiles(nodeCrypto, kind, flags.out);
      const { out } = flags;
      const words = `${out}: private part. ${out}.pub: public part, ${publicKey}\n${says[kind]}`;
      say(flags, { kind, file: out, publicFile: `${out}.pub`, publicKey }, words);
    });
}

async function show(flags: ShowFlags): Promise<void> {
  const { site, seats } = await withSite(flags, async (open) => ({
    site: { mirrorKey: open.mirrorKey, witnessKey: open.witnessKey },
    seats: flags.seat === undefined ? [] : await open.seats.keysOf(flags.seat),
  }));
  const lines = [`mirror  ${site.mirrorKey}`, `witness ${site.witnessKey}`, ...seats.map(({ logKey }) => `seat    ${logKey}`)];
  say(flags, flags.seat === undefined ? site : { ...site, seats }, lines.join('\n'));
}
