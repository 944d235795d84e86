/** Reads a policy file for a command that needs a whole one; `policy validate` is the command that lists every problem. */
import { readFileSync } from 'node:fs';
import { ownPrograms } from '../agent/policy/own-programs.ts';
import { WardlockError } from '../core/errors/index.ts';
import { type ParsedPolicy, type PolicyProblem, parsePolicy, refusalCode } from '../policies/parse.ts';
import type { PolicyDocument } from '../policies/schema.ts';

/** @throws WardlockError START_USAGE for a file that can't be read, POLICY_EMPTY, POLICY_BRICKS or POLICY_MALFORMED with the first problem's place */
export function readPolicy(path: string): PolicyDocument {
  const parsed = parsePolicyFile(path);
  if (parsed.ok) return parsed.document;
  const [first] = parsed.problems;
  throw new WardlockError(
    refusalCode(parsed.problems),
    `${path}:${first?.line ?? 1}:${first?.column ?? 1}: ${first === undefined ? 'no valid policy.' : problemInWords(first)} See all with: policy validate ${path}`,
  );
}

/** Held to the parts of this machine as to those of a seat. @throws WardlockError START_USAGE */
export function parsePolicyFile(path: string): ParsedPolicy {
  return parsePolicy(readPolicyText(path), { comments: true, own: ownPrograms });
}

function readPolicyText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new WardlockError('START_USAGE', `Cannot read ${path}.`, { cause });
  }
}

/** `/roles/0/apps/2` as `roles, entry 1, apps, entry 3: ...`; a problem of the whole text stands alone. */
export function problemInWords({ path, message }: PolicyProblem): string {
  const parts = path.split('/').slice(1);
  const words = parts.map((part) => (/^\d+$/.test(part) ? `entry ${Number(part) + 1}` : part.replaceAll('~1', '/').replaceAll('~0', '~')));
  return words.length === 0 ? message : `${words.join(', ')}: ${message}`;
}
