/**
 * Opens a program of the policy once and judges that descriptor: what it is, whose it is, and whether its content is the one
 * that was signed. Whoever starts it later uses the descriptor or its inode, never the name alone. Starts nothing.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { classifyDescriptor, type FileKind } from './elf.ts';
import type { FileIdentity } from './port.ts';

const HASH_CHUNK_BYTES = 1024 * 1024;
const EXECUTE_BITS = 0o111;
const FOREIGN_WRITE_BITS = 0o022;

/** An opened program whose content is the policy's. Close the handle when it is started or given up. */
export interface HeldProgram {
  readonly path: string;
  readonly handle: FileHandle;
  readonly sha256: string;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly kind: FileKind;
}

interface FileRefusal {
  readonly ok: false;
  readonly reason: 'file-missing' | 'file-changed' | 'file-unsafe' | 'file-not-a-program';
  readonly detail: string;
}

export type OpenedProgram = { readonly ok: true; readonly program: HeldProgram } | FileRefusal;

/** Whether it is to be executed, or only to be read by a program that interprets it. */
type Use = 'execute' | 'interpret';

/** Opens and checks one program, or one script that a program is given. */
export async function openProgram(identity: FileIdentity, use: Use = 'execute'): Promise<OpenedProgram> {
  let handle: FileHandle;
  try {
    handle = await open(identity.path, 'r');
  } catch (cause) {
    return refusal('file-missing', `${identity.path}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  const judged = await judge(handle, identity, use).catch((cause: unknown) =>
    refusal('file-missing', `${identity.path}: ${cause instanceof Error ? cause.message : String(cause)}`),
  );
  if (!judged.ok) await handle.close();
  return judged;
}

async function judge(handle: FileHandle, identity: FileIdentity, use: Use): Promise<OpenedProgram> {
  const { path } = identity;
  const found = await handle.stat({ bigint: true });
  const mode = Number(found.mode);
  if (!found.isFile()) return refusal('file-not-a-program', `${path} is not a file.`);
  if (use === 'execute' && (mode & EXECUTE_BITS) === 0) return refusal('file-not-a-program', `${path} is not marked as a program.`);
  if (isChangeable(Number(found.uid), mode)) return refusal('file-unsafe', `${path} can be changed by a user that is not trusted.`);
  const kind = classifyDescriptor(handle.fd, path);
  if (use === 'execute' && kind.kind === 'data') return refusal('file-not-a-program', `${path} is neither a program nor a script.`);
  const sha256 = await hash(handle);
  if (sha256 !== identity.sha256) return refusal('file-changed', `${path} has the hash ${sha256}, the policy names ${identity.sha256}.`);
  return { ok: true, program: { path, handle, sha256, dev: found.dev, ino: found.ino, kind } };
}

/** Only root, or without root the very user that all of Wardlock then runs as, may be able to change a program after it was hashed. */
function isChangeable(owner: number, mode: number): boolean {
  return (owner !== 0 && owner !== process.geteuid?.()) || (mode & FOREIGN_WRITE_BITS) !== 0;
}

async function hash(handle: FileHandle): Promise<string> {
  const digest = createHash('sha256');
  const buffer = Buffer.alloc(HASH_CHUNK_BYTES);
  for (let position = 0; ; ) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return digest.digest('hex');
    digest.update(buffer.subarray(0, bytesRead));
    position += bytesRead;
  }
}

function refusal(reason: FileRefusal['reason'], detail: string): FileRefusal {
  return { ok: false, reason, detail };
}
