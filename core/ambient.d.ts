/**
 * The few globals that pure code may use beside the language itself: the Encoding standard, which is the same in Node, Electron and
 * browsers. Only core's and contract's own type checks read this file. Must never declare anything that does I/O, keeps time or
 * is random.
 */
declare class TextEncoder {
  encode(input?: string): Uint8Array<ArrayBuffer>;
  encodeInto(input: string, into: Uint8Array): { readonly read: number; readonly written: number };
}
declare class TextDecoder {
  constructor(label?: 'utf-8', options?: { readonly fatal?: boolean; readonly ignoreBOM?: boolean });
  decode(input?: ArrayBuffer | ArrayBufferView): string;
}
declare function atob(base64: string): string;
declare function btoa(latin1: string): string;
