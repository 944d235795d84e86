// The one list of Debian packages that Wardlock needs on a development machine, and why. Where a package was renamed between
// releases, all its names are given and the first that apt knows is taken.

/** @typedef {{names: readonly string[], why: string}} DebianPackage */

/** @type {readonly DebianPackage[]} */
export const debianPackages = [
  { names: ['libgtk-3-0t64', 'libgtk-3-0'], why: 'Electron draws its windows through GTK' },
  { names: ['libnss3'], why: 'Electron: certificates and TLS' },
  { names: ['libasound2t64', 'libasound2'], why: 'Electron links against the sound library' },
  { names: ['libgbm1'], why: 'Electron: graphics buffers' },
  { names: ['xvfb'], why: 'a display in memory, for machines without a screen and for the tests' },
  { names: ['xserver-xephyr'], why: 'the nested display that keeps apps away from the PIN pad' },
  { names: ['xauth'], why: 'a cookie of its own for each display' },
  { names: ['openbox'], why: 'a window manager without key bindings: without one a kiosk window does not fill the screen' },
  { names: ['libxres1'], why: 'the X server says which window belongs to which application' },
  { names: ['x11-xkb-utils'], why: 'setxkbmap, which takes the keys of the display server away' },
  { names: ['xdotool'], why: 'keys and mouse from outside the kiosk, for the demo and the tests' },
  { names: ['x11-utils'], why: 'xprop and xwininfo: what is really on the display' },
  { names: ['x11-apps'], why: 'xcalc and xclock, native apps of the demo policy' },
  { names: ['xserver-xorg-core'], why: 'a display whose outputs come and go, for the tests of several monitors' },
  { names: ['xserver-xorg-video-dummy'], why: 'its driver for a machine without a screen' },
  { names: ['x11-xserver-utils'], why: 'xrandr and xsetroot, which plug its outputs in and out and colour what lies below' },
  { names: ['imagemagick'], why: 'pictures of the whole screen, as a person in front of it sees it' },
  { names: ['gcc'], why: 'a shim that makes fsync fail, for the tests of the audit store' },
  { names: ['libc6-dev'], why: 'headers for that shim' },
  { names: ['faketime'], why: 'clock steps for real, for the tests of the audit store' },
  { names: ['libsecret-1-0'], why: 'the keychain library that keytar loads' },
  { names: ['gnome-keyring'], why: 'a keychain for the tests' },
  { names: ['dbus-x11'], why: 'a session bus of its own for that keychain (dbus-run-session, dbus-launch)' },
  { names: ['dbus-bin', 'dbus'], why: 'dbus-send, for the tests that keep a session from every bus' },
  { names: ['dbus-daemon', 'dbus'], why: 'a bus that starts programs for whoever asks it, for the same tests' },
  { names: ['umockdev'], why: 'USB devices that are not there, for the test of the rules about them' },
  { names: ['at'], why: 'a way to have something started later, for the tests that keep a session from it' },
  { names: ['cron'], why: 'the other one' },
  { names: ['cups-client'], why: 'lp, by which the seat prints what a policy lets a web application print' },
  { names: ['cups-daemon'], why: 'a print server of its own for the test of that' },
  { names: ['poppler-utils'], why: 'pdftotext: what stands on the sheets that it got' },
  { names: ['systemd'], why: 'systemd-run and busctl, which ask others to start something, for the same tests' },
  { names: ['libpcsclite1'], why: 'what pcsc-mini talks to the smart card service with' },
  { names: ['pcscd'], why: 'the smart card service: badge readers, and the tests of them' },
  { names: ['vsmartcard-vpcd'], why: 'two virtual badge readers for those tests' },
];
