/**
 * X cookies (Xsecurity(7), MIT-MAGIC-COOKIE-1): one display, one secret, one file. Owns the file format; a cookie opens one
 * nested display and nothing else, and is gone with it.
 */
import { randomBytes } from 'node:crypto';

const COOKIE_BYTES = 16;
const COOKIE_NAME = 'MIT-MAGIC-COOKIE-1';
/** FamilyWild of libXau: fits whatever name the host has, which a session's own namespace could not tell. */
const FAMILY_WILD = 0xffff;

/** A fresh Xauthority file for the display of this number, for its server and its clients alike. */
export function makeXauthority(displayNumber: number): Buffer {
  const family = Buffer.alloc(2);
  family.writeUInt16BE(FAMILY_WILD);
  const fields = ['', String(displayNumber), COOKIE_NAME].map((text) => counted(Buffer.from(text, 'latin1')));
  return Buffer.concat([family, ...fields, counted(randomBytes(COOKIE_BYTES))]);
}

function counted(bytes: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
