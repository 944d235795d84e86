/** Whatever a page calls its file, the session gets one harmless name. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numbered, safeName } from './name.ts';

describe('the name of a saved file', () => {
  test.each([
    ['report.pdf', 'report.pdf'],
    ['Befund Müller 2026.pdf', 'Befund Müller 2026.pdf'],
    ['../../etc/passwd', 'passwd'],
    ['..\\..\\windows\\win.ini', 'win.ini'],
    ['/home/wardlock/.bashrc', 'bashrc'],
    ['.bashrc', 'bashrc'],
    ['...', 'download'],
    ['', 'download'],
    ['.pdf', 'pdf'],
    ['-rf', 'rf'],
    ['--help.txt', 'help.txt'],
    ['- .-x', 'x'],
    ['~root', 'root'],
    ['a\u0000b\nc.txt', 'a_b c.txt'],
    ['invoice\u202Efdp.exe', 'invoice_fdp.exe'],
    ['half\uD800.txt', 'half_.txt'],
    ['CON: a|b?.csv', 'CON_ a_b_.csv'],
    ['$(reboot)`id`.sh', '_(reboot)_id_.sh'],
    ['name.pdf. . .', 'name.pdf'],
    ['archive.tar.gz', 'archive.tar.gz'],
  ])('%j becomes %j', (suggested, name) => {
    expect(safeName(suggested)).toBe(name);
  });

  test('is short and keeps its extension', () => {
    for (const letter of ['a', 'ü', '漢', '🩺']) {
      const name = safeName(`${letter.repeat(500)}.docx`);
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
      expect(Buffer.byteLength(name)).toBeGreaterThan(190);
      expect(name).toMatch(/\.docx$/u);
      expect(Buffer.byteLength(numbered(name, 1000))).toBeLessThan(255);
    }
  });

  test('is one part of a path, neither hidden nor a switch, for any text, and stays as it is when it is made again', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (suggested) => {
        const name = safeName(suggested);
        expect(name).toMatch(/^[^\s.\-~/\\\p{C}][^/\\\p{C}]*$/u);
        expect(Buffer.byteLength(name)).toBeLessThanOrEqual(200);
        expect(safeName(name)).toBe(name);
      }),
    );
  });

  test('is counted before its extension', () => {
    expect(numbered('report.pdf', 2)).toBe('report (2).pdf');
    expect(numbered('README', 3)).toBe('README (3)');
  });
});
