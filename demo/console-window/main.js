// A plain browser window for the demo's auditor: one address, and no trust but in the site's own CA, whose file is given.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { app, BrowserWindow, session } from 'electron';

/** @param {string} name */
const given = (name) => app.commandLine.getSwitchValue(name);
const authority = new X509Certificate(readFileSync(given('site-ca')));
const TRUSTED = 0;
const REFUSED = -2;

app.enableSandbox();
void app.whenReady().then(() => {
  session.defaultSession.setCertificateVerifyProc(({ certificate, hostname }, answer) => {
    const leaf = new X509Certificate(certificate.data);
    const now = Date.now();
    const isValid =
      leaf.checkIssued(authority) &&
      leaf.verify(authority.publicKey) &&
      Date.parse(leaf.validFrom) <= now &&
      now <= Date.parse(leaf.validTo);
    const isNamed = leaf.checkIP(hostname) !== undefined || leaf.checkHost(hostname) !== undefined;
    answer(isValid && isNamed ? TRUSTED : REFUSED);
  });
  const window = new BrowserWindow({ width: 1280, height: 900, frame: false, webPreferences: { sandbox: true, contextIsolation: true } });
  window.webContents.setWindowOpenHandler(() => ({ action: 'deny' }));
  void window.loadURL(given('address'));
});
app.on('window-all-closed', () => app.quit());
