/** The presets of wards, filled as `policy new` fills them: for tests. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePolicy } from './parse.ts';
import { fillPreset, type PresetName } from './preset.ts';
import type { PolicyDocument } from './schema.ts';

const key = (byte: number): string => Buffer.alloc(32, byte).toString('base64');

export function presetText(name: PresetName): string {
  return fillPreset(readFileSync(join(import.meta.dirname, 'presets', `${name}.jsonc`), 'utf8'), {
    schemaPath: '../wardlock-policy.schema.json',
    tenant: 'clinic',
    version: 3,
    issuedAt: new Date('2030-01-01T00:00:00Z'),
    expiresAt: new Date('2031-01-01T00:00:00Z'),
    recipients: [
      { id: 'reader', role: 'reader', publicKey: key(1) },
      { id: 'escrow', role: 'escrow', publicKey: key(2) },
    ],
    hashOf: () => 'a'.repeat(64),
  });
}

export function presetPolicy(name: PresetName): PolicyDocument {
  const parsed = parsePolicy(presetText(name), { comments: true });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.document;
}
