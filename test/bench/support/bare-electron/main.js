// The baseline of every figure of the screens: the same Electron, one window, a page that changes one word at a key.
import { join } from 'node:path';
import { app, BrowserWindow } from 'electron';

// As the kiosk does: else this window, and not the kiosk, would load OpenGL's software renderer and make the memory to compare with larger.
process.env.GDK_GL = 'disable';
app.enableSandbox();
void app.whenReady().then(() => {
  const window = new BrowserWindow({ width: 1280, height: 800, frame: false, webPreferences: { sandbox: true, contextIsolation: true } });
  void window.loadFile(join(import.meta.dirname, 'page.html'));
});
app.on('window-all-closed', () => app.quit());
