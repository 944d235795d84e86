/**
 * Replaces a file so that after a crash either the former or the new content is there, whole. Owns the order of the
 * steps: new file, flush, rename, flush of the folder.
 */
import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

const PRIVATE_FILE = 0o600;

/** Writes `content` to `path`, durable when the promise resolves. Readable by its owner only. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w', PRIVATE_FILE);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
