/** Reads a policy file for a command that needs a whole one; `policy validate` is the command that lists every problem. */
import { readFileSync } from 'node:fs';
import { Value } from 'typebox/value';
import { parseJson } from '../agent/policy/envelope.ts';
import { ownPrograms } from '../agent/policy/own-programs.ts';
import { layoutOf } from '../agent/state/layout.ts';
import { WardlockError } from '../core/errors/index.ts';
import { type ParsedPolicy, type PolicyProblem, parsePolicy, refusalCode } from '../policies/parse.ts';
import { type PolicyDocument, PolicyEnvelope } from '../policies/schema.ts';
import { systemCode } from './system-code.ts';

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

/**
 * The policy that is in force at a seat of this machine, from the seat's own state folder. It is read, not verified: the seat did
 * that before it put it there.
 * @throws WardlockError START_USAGE where there is none that this user may read
 */
export function policyInForce(state: string): PolicyDocument {
  const { policy: path } = layoutOf(state);
  const none = (cause?: unknown): WardlockError =>
    new WardlockError(
      'START_USAGE',
      `There is no policy in force in ${path} that you may read. Name a policy file, or a seat with --state DIR.`,
      { cause },
    );
  const envelope = parseJson(readBytes(path, none));
  if (!Value.Check(PolicyEnvelope, envelope)) throw none();
  const parsed = parsePolicy(Buffer.from(envelope.payload, 'base64').toString('utf8'), { comments: false });
  if (!parsed.ok) throw none();
  return parsed.document;
}

function readBytes(path: string, none: (cause: unknown) => WardlockError): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw none(cause);
  }
}

/** Held to the parts of this machine as to those of a seat. @throws WardlockError START_USAGE */
export function parsePolicyFile(path: string): ParsedPolicy {
  return parsePolicy(readPolicyText(path), { comments: true, own: ownPrograms });
}

const UNREADABLE: Readonly<Record<string, string>> = {
  EISDIR: 'is a folder. Name the policy file in it.',
  ENOENT: 'does not exist.',
  ENOTDIR: 'does not exist: a part of this path is a file.',
};

/** A byte-order mark, as editors on Windows write it, is left out; what is not UTF-8 is refused, as its letters would be damaged. */
function readPolicyText(path: string): string {
  const bytes = readBytes(path, (cause) => {
    const why = UNREADABLE[systemCode(cause)] ?? 'cannot be read by you.';
    return new WardlockError('START_USAGE', `${path} ${why}`, { cause });
  });
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new WardlockError('START_USAGE', `${path} is not written in UTF-8. Save it as UTF-8 in your editor, then try again.`, { cause });
  }
}

/** `/roles/0/apps/2` as `roles, entry 1, apps, entry 3: ...`; a problem of the whole text stands alone. */
export function problemInWords({ path, message }: PolicyProblem): string {
  const parts = path.split('/').slice(1);
  const words = parts.map((part) => (/^\d+$/.test(part) ? `entry ${Number(part) + 1}` : part.replaceAll('~1', '/').replaceAll('~0', '~')));
  return words.length === 0 ? message : `${words.join(', ')}: ${message}`;
}
