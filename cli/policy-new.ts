/** `policy new`: a whole policy for a ward from a preset and what only the site knows. It writes one file and asks nobody. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { WardlockError } from '../core/errors/index.ts';
import { fillPreset, isPreset, PRESETS } from '../policies/preset.ts';
import { readPublicKey } from '../server/site/key-file.ts';
import { writeNewFile } from '../server/site/new-file.ts';
import { say } from './agent-client.ts';
import { group } from './group.ts';

interface NewFlags {
  readonly tenant: string;
  readonly reader: string;
  readonly escrow: string;
  readonly policyVersion: string;
  readonly days: string;
  readonly out: string;
  readonly json?: boolean;
}

/** As far as the system's own mask lets them. */
const EVERYBODY = 0o666;
const PRESET_FOLDER = join(import.meta.dirname, '..', 'policies', 'presets');
const SCHEMA_FILE = join(import.meta.dirname, '..', 'policies', 'wardlock-policy.schema.json');
const DAY_MS = 86_400_000;
const MOST_DAYS = 3_653;

export function register(program: Command): void {
  const list = Object.entries(PRESETS).map(([name, what]) => `  ${name.padEnd(20)}${what}`);
  group(program, 'policy', 'policy documents')
    .command('new <preset>')
    .description('write a policy for a ward from a preset; read it, change it, then publish it')
    .requiredOption('--tenant <id>', 'the site, as its server was started with')
    .requiredOption('--reader <file>', "public key of the record's reader, made by: keys new reader --out FILE")
    .requiredOption('--escrow <file>', 'public key of the escrow, made by: keys new escrow --out FILE')
    .option('--policy-version <number>', 'version of the policy; each one that is published is higher than the last', '1')
    .option('--days <number>', 'how long it is valid', '365')
    .requiredOption('--out <file>', 'where to write it; a file that exists is never overwritten')
    .option('--json', 'print JSON')
    .addHelpText('after', `\nPresets:\n${list.join('\n')}`)
    .action((preset: string, flags: NewFlags) => {
      if (!isPreset(preset))
        throw new WardlockError('START_USAGE', `There is no preset ${preset}. Choose one of: ${Object.keys(PRESETS).join(', ')}.`);
      const issuedAt = new Date();
      const text = fillPreset(readFileSync(join(PRESET_FOLDER, `${preset}.jsonc`), 'utf8'), {
        schemaPath: relative(dirname(resolve(flags.out)), SCHEMA_FILE),
        tenant: flags.tenant,
        version: whole('--policy-version', flags.policyVersion, Number.MAX_SAFE_INTEGER),
        issuedAt,
        expiresAt: new Date(issuedAt.getTime() + whole('--days', flags.days, MOST_DAYS) * DAY_MS),
        recipients: [
          { id: 'reader', role: 'reader', publicKey: readPublicKey(flags.reader, ['reader']).toString('base64') },
          { id: 'escrow', role: 'escrow', publicKey: readPublicKey(flags.escrow, ['escrow']).toString('base64') },
        ],
        hashOf,
      });
      writeNewFile(flags.out, text, { what: 'a policy', mode: EVERYBODY });
      const { out } = flags;
      say(
        flags,
        { preset, file: out },
        `${out}: a policy from the preset ${preset} (${PRESETS[preset]}).\nChange the addresses of its applications to yours, then: policy validate ${out}`,
      );
    });
}

function whole(option: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new WardlockError('START_USAGE', `${option} is a whole number from 1 to ${most}.`);
  return value;
}

function hashOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch (cause) {
    throw new WardlockError(
      'START_USAGE',
      `The preset names ${path}, which is not on this machine. Write the policy on a machine with the programs of your seats.`,
      { cause },
    );
  }
}
