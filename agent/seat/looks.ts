/** How the policy wants the screens, for their picture. Pure. */
import type { Looks } from '../../contract/looks.ts';
import { choicesOf } from '../../policies/effective.ts';
import type { PolicyDocument } from '../../policies/schema.ts';

/** Null while there is no policy: the screens are then as the kiosk was started. */
export function looksOf(document: PolicyDocument | undefined): Looks | null {
  if (document === undefined) return null;
  const { languages, siteName, helpdeskLine, accent } = choicesOf(document);
  return { languages: [...languages], siteName, helpdeskLine, accent };
}
