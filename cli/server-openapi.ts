/** `server openapi`: prints what the API of a listener looks like, as OpenAPI 3.1. It needs no state and no running server. */
import type { Command } from 'commander';
import { WardlockError } from '../core/errors/index.ts';
import { apiDocuments } from './api-documents.ts';
import { group } from './group.ts';

export function register(program: Command): void {
  group(program, 'server', 'the server of a site')
    .command('openapi')
    .argument('<listener>', 'console or seats')
    .description('print the OpenAPI document of a listener; docs/openapi holds what this prints')
    .action(print);
}

async function print(listener: string): Promise<void> {
  if (listener !== 'console' && listener !== 'seats') throw new WardlockError('START_USAGE', 'Name a listener: console or seats.');
  process.stdout.write((await apiDocuments())[listener]);
}
