/**
 * Which screens an agent of a package takes: those of its own package, as long as that is what was packaged. In a checkout there is no
 * package to hold them to, and the seat's other doors stand alone. Owns the memory of what was examined.
 */
import { readlinkSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Admit } from '../../ipc/peer.ts';
import { examinePackage, type Manifest, packageFolder, readManifest } from './manifest.ts';

export interface PackagedScreens {
  /** What was found wrong with the package; empty when it is whole, or when there is none. */
  readonly findings: readonly string[];
  /** The verdict of `admit`, unless the package is not whole or the peer runs another program. */
  guard(admit: Admit): Admit;
}

/** @param folder the package's; null in a checkout */
export async function examineScreens(folder: string | null = packageFolder()): Promise<PackagedScreens> {
  if (folder === null) return { findings: [], guard: (admit) => admit };
  // Looked at before the contents: what changes while they are read is noticed at the first screens.
  const seen = await readManifest(folder).then(
    (manifest) => ({ program: join(folder, manifest.program), marks: marksOf(folder, manifest), manifest }),
    () => undefined,
  );
  const findings = await examinePackage(folder);
  return {
    findings,
    guard: (admit) => (socket) => {
      const verdict = admit(socket);
      if (!verdict.admitted) return verdict;
      const isWhole = findings.length === 0 && seen !== undefined && marksOf(folder, seen.manifest) === seen.marks;
      if (isWhole && programOf(verdict.peer.pid) === seen.program) return verdict;
      return { admitted: false, code: 'PACKAGE_CHANGED', peer: verdict.peer };
    },
  };
}

/** Changes when any file does: a content can not change without its times. */
function marksOf(folder: string, { files }: Manifest): string {
  return files
    .map(({ path }) => {
      const found = statSync(join(folder, path), { bigint: true, throwIfNoEntry: false });
      return found === undefined ? 'none' : [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ');
    })
    .join('\n');
}

function programOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/exe`);
  } catch {
    return undefined;
  }
}
