/** fapolicyd's own judgement, for the tests of what it is given. It must never be imported by the product. */

/** What fapolicyd would say to an exec, as its manual has it: the first rule that fits. */
export function executes(rules: string, { uid, exe, path, sha256 }: { uid: number; exe: string; path: string; sha256: string }): boolean {
  for (const line of rules.split('\n')) {
    const found = /^(allow|deny_audit) perm=(any|execute) (.*) : (.*)$/.exec(line);
    if (found === null) continue;
    const [, decision, , subject = '', object = ''] = found;
    const facts: Record<string, string> = { uid: String(uid), exe, path, sha256hash: sha256, pattern: 'normal' };
    const fits = (attributes: string): boolean =>
      attributes === 'all' ||
      attributes.split(' ').every((attribute) => {
        const [name = '', values = ''] = attribute.split('=');
        return values.split(',').includes(facts[name] ?? '');
      });
    if (fits(subject) && fits(object)) return decision === 'allow';
  }
  return true;
}
