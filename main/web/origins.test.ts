import { describe, expect, it } from 'vitest';
import { mayFrame, mayNavigate, mayRequest, maySave, originOf } from './origins.ts';

const own = { origins: ['https://handbook.ward.example', 'http://127.0.0.1:8080'], patterns: null };

describe('the origins of a web app', () => {
  it.each([
    'https://handbook.ward.example/',
    'https://HANDBOOK.ward.example/a?b#c',
    'https://handbook.ward.example:443/x',
    'http://127.0.0.1:8080/',
  ])('lets it be at %s', (address) => {
    expect(mayNavigate(address, own)).toBe(true);
  });

  it.each([
    'http://handbook.ward.example/',
    'https://handbook.ward.example:8443/',
    'https://handbook.ward.example.evil.example/',
    'https://handbook.ward.example@evil.example/',
    'https://evil.example/https://handbook.ward.example',
    'http://127.0.0.1:8081/',
    'file:///etc/passwd',
    'view-source:https://handbook.ward.example/',
    'data:text/html,hi',
    'javascript:alert(1)',
    'about:blank',
    'about:srcdoc',
    'blob:https://handbook.ward.example/1',
    'chrome://version',
    'devtools://devtools/bundled/inspector.html',
    'mailto:a@b.example',
    'tel:112',
    'wardlock://seat/index.html',
    'x-unknown:1',
    '//handbook.ward.example/',
    '',
  ])('escape 29 and 31: keeps it from %s', (address) => {
    expect(mayNavigate(address, own)).toBe(false);
    expect(mayRequest(address, 'mainFrame', own)).toBe(false);
    expect(mayRequest(address, 'subFrame', own)).toBe(false);
  });

  it('lets a page fetch from its own origins and from itself', () => {
    expect(mayRequest('wss://handbook.ward.example/live', 'webSocket', own)).toBe(true);
    expect(mayRequest('ws://handbook.ward.example/live', 'webSocket', own)).toBe(false);
    expect(mayRequest('data:image/png;base64,AA', 'image', own)).toBe(true);
    expect(mayRequest('blob:https://handbook.ward.example/1', 'image', own)).toBe(true);
    expect(mayRequest('blob:https://evil.example/1', 'image', own)).toBe(false);
    expect(mayRequest('https://evil.example/track.gif', 'image', own)).toBe(false);
    expect(mayRequest('file:///etc/passwd', 'xhr', own)).toBe(false);
    expect(mayRequest('wardlock://seat/index.js', 'script', own)).toBe(false);
  });

  it.each([
    ['https://handbook.ward.example/chapters/7', true],
    ['https://HANDBOOK.ward.example:443/chapters/7?page=2#top', true],
    ['https://handbook.ward.example/chapters/7#top', true],
    ['https://handbook.ward.example/chapters/7/8', false],
    ['https://handbook.ward.example/chapters/../admin', false],
    ['https://handbook.ward.example/chapters/%2e%2e/admin', false],
    ['https://handbook.ward.example/files/a/b/c?d=e', true],
    ['https://handbook.ward.example/', false],
    ['http://127.0.0.1:8080/chapters/7', false],
    ['https://evil.example/chapters/7', false],
  ])('holds its pages to the patterns of the policy: %s', (address, may) => {
    const scope = { ...own, patterns: ['https://handbook.ward.example/chapters/*', 'https://handbook.ward.example/files/**'] };
    expect(mayNavigate(address, scope)).toBe(may);
    expect(mayRequest(address, 'subFrame', scope)).toBe(may);
    expect(mayRequest(address, 'mainFrame', scope)).toBe(may);
    // What a page fetches is held to the origins alone.
    expect(mayRequest(address, 'xhr', scope)).toBe(!address.includes('evil'));
  });

  it('names only the origin, never the path', () => {
    expect(originOf('https://evil.example/patient/4711?name=x')).toBe('https://evil.example');
    expect(originOf('mailto:someone@example.org')).toBe('mailto:');
    expect(originOf('%%%')).toBe('not an address');
  });
});

describe('frames of a web app', () => {
  it('are of the page itself, and of no other origin that it may reach', () => {
    expect(mayFrame('https://handbook.ward.example/inner', 'https://handbook.ward.example/')).toBe(true);
    expect(mayFrame('http://127.0.0.1:8080/', 'https://handbook.ward.example/')).toBe(false);
    expect(mayFrame('https://handbook.ward.example:8443/', 'https://handbook.ward.example/')).toBe(false);
    expect(mayFrame('https://handbook.ward.example/', '')).toBe(false);
  });
});

describe('what a web app may save', () => {
  it.each([
    ['https://handbook.ward.example/report.pdf', true],
    ['http://127.0.0.1:8080/report.pdf', true],
    ['blob:https://handbook.ward.example/1', true],
    ['blob:https://evil.example/1', false],
    ['blob:null/1', false],
    ['blob:ws://127.0.0.1:8080/1', false],
    ['https://evil.example/report.pdf', false],
    ['http://handbook.ward.example/', false],
    ['wss://handbook.ward.example/live', false],
    ['data:text/plain,x', false],
    ['file:///etc/passwd', false],
    ['about:blank', false],
    ['filesystem:https://handbook.ward.example/temporary/x', false],
    ['', false],
  ])('escapes 29 and 31: %s: %s', (address, may) => {
    expect(maySave(address, own)).toBe(may);
  });
});
