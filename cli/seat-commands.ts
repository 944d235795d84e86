/**
 * The commands of whoever looks after a seat. They are all that a packaged seat carries: nothing here may need the server's code.
 */
import type { CommandModules } from './run.ts';

export const seatCommands: CommandModules = {
  agent: [() => import('./agent.ts'), () => import('./agent-restored.ts')],
  syncer: [() => import('./syncer.ts')],
  tap: [() => import('./tap.ts')],
  status: [() => import('./status.ts')],
  identity: [() => import('./identity.ts')],
  doctor: [() => import('./doctor.ts')],
  drill: [() => import('./drill.ts')],
  enrol: [() => import('./enrol.ts')],
};
