/** Which Wardlock this is: the version of package.json, which no program of a seat reads. */
export const VERSION = '0.1.0';
