/** How this build names itself in hellos, in the record and to a person. It must never be read for a decision. */
export const BUILD = 'wardlock-agent/0.1.0';
