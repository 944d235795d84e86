/** Reads a policy file for a command that needs a whole one; `policy validate` is the command that lists every problem. */
import { readFileSync } from 'node:fs';
import { WardlockError } from '../core/errors/index.ts';
import { type PolicyProblem, parsePolicy } from '../policies/parse.ts';
import type { PolicyDocument } from '../policies/schema.ts';

/** @throws WardlockError START_USAGE for a file that can't be read, POLICY_EMPTY or POLICY_MALFORMED with the first problem's place */
export function readPolicy(path: string): PolicyDocument {
  const parsed = parsePolicy(readPolicyText(path), { comments: true });
  if (parsed.ok) return parsed.document;
  const [first] = parsed.problems;
  const code = first?.kind === 'empty' ? 'POLICY_EMPTY' : 'POLICY_MALFORMED';
  throw new WardlockError(
    code,
    `${path}:${first?.line ?? 1}:${first?.column ?? 1}: ${first === undefined ? 'no valid policy.' : problemInWords(first)} See all with: policy validate ${path}`,
  );
}

/** @throws WardlockError START_USAGE */
export function readPolicyText(path: string): string {
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
