/**
 * What somebody copied is theirs: it must not be pasted at the lock, nor by the next person. X11 keeps two of them, what was
 * copied and what was last selected.
 */
import { clipboard } from 'electron';

export function forgetCopied(): void {
  clipboard.clear();
  // Newer Electrons have the selection as a clipboard of its own, the development fallback as an argument.
  if ('selection' in clipboard) clipboard.selection.clear();
  else Reflect.apply(Reflect.get(clipboard, 'clear'), clipboard, ['selection']);
}
