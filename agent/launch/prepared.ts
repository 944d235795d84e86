/**
 * From a launch of the policy to the opened programs that it needs, all or none. Owns the descriptors of prepared
 * launches until they are started or given up; knows nothing of how they are started.
 */
import { stat } from 'node:fs/promises';
import { type HeldProgram, openProgram } from './file.ts';
import type { LaunchRefusal, LaunchSpec, PreparedLaunch } from './port.ts';

/** The opened application and the programs that it may start. */
export interface HeldLaunch {
  readonly program: HeldProgram;
  readonly children: readonly HeldProgram[];
  /** Scripts that it may interpret. */
  readonly scripts: readonly HeldProgram[];
}

export class PreparedLaunches {
  readonly #held = new Map<PreparedLaunch, HeldLaunch>();

  /** Opens and hashes the application, its children and its scripts. */
  async prepare(spec: LaunchSpec): Promise<PreparedLaunch | LaunchRefusal> {
    const scriptsOpened = (spec.scripts ?? []).map((script) => openProgram(script, 'interpret'));
    const opened = await Promise.all([...[spec, ...spec.children].map((identity) => openProgram(identity)), ...scriptsOpened]);
    const held = opened.flatMap((one) => (one.ok ? [one.program] : []));
    const [program, ...besides] = held;
    const children = besides.slice(0, spec.children.length);
    const scripts = besides.slice(spec.children.length);
    const refused = opened.findIndex((one) => !one.ok);
    const refusal = opened[refused];
    if (refusal !== undefined && !refusal.ok) {
      await closeAll(held);
      return refused === 0 ? refusal : childRefusal(refusal);
    }
    if (program === undefined) return { ok: false, reason: 'file-missing', detail: spec.path };
    const unnamed = await unnamedInterpreter(program, children);
    if (unnamed !== undefined) {
      await closeAll(held);
      const detail = `${spec.path} is a script for ${unnamed}, which the policy does not name among its children.`;
      return { ok: false, reason: 'file-not-a-program', detail };
    }
    const prepared: PreparedLaunch = { ok: true, spec, sha256: program.sha256 };
    this.#held.set(prepared, { program, children, scripts });
    return prepared;
  }

  /** Hands out what was prepared, once. */
  take(prepared: PreparedLaunch): HeldLaunch | undefined {
    const held = this.#held.get(prepared);
    this.#held.delete(prepared);
    return held;
  }

  /** Closes what was prepared and not yet taken. */
  async discard(prepared: PreparedLaunch): Promise<void> {
    const held = this.take(prepared);
    if (held !== undefined) await closeLaunch(held);
  }
}

export async function closeLaunch(held: HeldLaunch): Promise<void> {
  await closeAll([held.program, ...held.children, ...held.scripts]);
}

async function closeAll(held: readonly HeldProgram[]): Promise<void> {
  await Promise.all(held.map(({ handle }) => handle.close()));
}

function childRefusal(refusal: { readonly reason: string; readonly detail: string }): LaunchRefusal {
  const reason = refusal.reason === 'file-missing' ? 'child-missing' : 'child-changed';
  return { ok: false, reason, detail: refusal.detail };
}

/** The interpreter of a script when it is none of the programs that the policy names with it. */
async function unnamedInterpreter(program: HeldProgram, children: readonly HeldProgram[]): Promise<string | undefined> {
  if (program.kind.kind !== 'script') return undefined;
  const { interpreter } = program.kind;
  const found = await stat(interpreter, { bigint: true }).catch(() => undefined);
  const named = found !== undefined && children.some(({ dev, ino }) => dev === found.dev && ino === found.ino);
  return named ? undefined : interpreter;
}
