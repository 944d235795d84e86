/** How this build names itself in hellos, in the record and to a person. It must never be read for a decision. */
import { VERSION } from '../core/version.ts';

export const BUILD = `wardlock-agent/${VERSION}`;
