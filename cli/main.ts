/**
 * The command line's first lines. They only let Node keep the compiled form of what follows beside the build, which
 * makes a badge tap from the command line several times quicker; the commands are in program.ts.
 */
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// In the checkout, never in a folder that others may write: root runs what is cached there.
enableCompileCache(join(import.meta.dirname, '..', 'out', 'compile-cache'));
await import('./program.ts');
