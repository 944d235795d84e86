/**
 * What every page and frame of a web application runs before any script of its own: where it could print, open a window of the system or
 * talk past its origins, it is refused, and main hears of it by a console message. Main alone reads those; a page that writes one itself
 * has tried it, no more.
 */

/** What pages try, as main hears of it. */
export type Attempt = 'print the page' | 'print a frame' | 'picture-in-picture' | 'webrtc';

const MARKS: Readonly<Record<Attempt, string>> = {
  'print the page': 'wardlock: print the page',
  'print a frame': 'wardlock: print a frame',
  'picture-in-picture': 'wardlock: picture in picture',
  webrtc: 'wardlock: webrtc',
};
const ATTEMPTS: ReadonlyMap<string, Attempt> = new Map([
  [MARKS['print the page'], 'print the page'],
  [MARKS['print a frame'], 'print a frame'],
  [MARKS['picture-in-picture'], 'picture-in-picture'],
  [MARKS.webrtc, 'webrtc'],
]);

/** @returns what a console message of a page tells, if anything */
export function attemptOf(message: string): Attempt | undefined {
  return ATTEMPTS.get(message);
}

/**
 * A page can print in two ways: by `print()` and by an editing command. Picture-in-picture is switched off in Chromium (main/switched-off.ts);
 * here it is only named. A peer connection looks names up and talks to whomever a page names, which no request handler sees.
 * What the script needs later it takes now, while nobody has changed it.
 */
export const PAGE_SCRIPT = `(() => {
  const { apply, defineProperty } = Reflect;
  const { execCommand } = Document.prototype;
  const { toLowerCase } = String.prototype;
  const { requestPictureInPicture } = HTMLVideoElement.prototype;
  const { console, DOMException } = window;
  const { debug } = console;
  const marks = ${JSON.stringify(MARKS)};
  const tell = (mark) => void apply(debug, console, [mark]);
  const fixed = (on, name, value) => defineProperty(on, name, { value, writable: false, configurable: false });

  const print = () => tell(marks[window === top ? 'print the page' : 'print a frame']);
  fixed(window, 'print', print);
  const command = function (name, ...more) {
    const text = \`\${name}\`;
    if (apply(toLowerCase, text, []) !== 'print') return apply(execCommand, this, [text, ...more]);
    print();
    return false;
  };
  defineProperty(Document.prototype, 'execCommand', { value: command, writable: true, configurable: true, enumerable: true });

  fixed(HTMLVideoElement.prototype, 'requestPictureInPicture', function () {
    tell(marks['picture-in-picture']);
    return apply(requestPictureInPicture, this, []);
  });

  const peer = function RTCPeerConnection() {
    tell(marks.webrtc);
    throw new DOMException('This seat has no peer connections.', 'NotAllowedError');
  };
  for (const name of ['RTCPeerConnection', 'webkitRTCPeerConnection']) fixed(window, name, peer);
})();`;
