// Owns that one start-up at a time changes a checkout: two commands in two terminals would otherwise install and build over each
// other. Must never wait for a process that is gone.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { at } from './paths.mjs';
import { line, StartProblem } from './say.mjs';

const file = at('.wardlock', 'preparing');

/** How often it is tried again, and for how long, in milliseconds. A fresh install on a slow machine takes minutes. */
const RETRY_MS = 300;
const PATIENCE_MS = 900_000;

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** The process that has the lock; NaN when it was released a moment ago or is being written. */
function readHolder() {
  try {
    return Number.parseInt(readFileSync(file, 'utf8'), 10);
  } catch {
    return Number.NaN;
  }
}

/** Takes the lock or answers with the process that has it. */
function take() {
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `${process.pid}\n`, { flag: 'wx' });
    return undefined;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const holder = readHolder();
  if (Number.isInteger(holder) && alive(holder)) return holder;
  rmSync(file, { force: true });
  return take();
}

/**
 * Runs something while no other start-up changes the checkout.
 *
 * @template T
 * @param {() => Promise<T>} body
 * @returns {Promise<T>}
 */
export async function exclusively(body) {
  const until = Date.now() + PATIENCE_MS;
  let said = false;
  for (let holder = take(); holder !== undefined; holder = take()) {
    if (!said) line(`Waiting for process ${holder}, which is preparing this checkout ...`);
    said = true;
    if (Date.now() > until)
      throw new StartProblem(
        `Process ${holder} has been preparing this checkout for very long.`,
        `End it, or delete ${file}, then run the same command again.`,
      );
    await sleep(RETRY_MS);
  }
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await body();
  } finally {
    process.off('exit', release);
    release();
  }
}
