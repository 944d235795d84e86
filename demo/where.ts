/** Where to look while the clinic is open: addresses, accounts, badges. All of it is the demo's own and worth nothing elsewhere. */
import type { Clinic } from './clinic.ts';
import { STAFF } from './clinic-policy.ts';
import { AUDITOR } from './site.ts';

export function whereToLook(clinic: Clinic): string {
  const staff = STAFF.map(
    (member) =>
      `    ${member.displayName.padEnd(14)} badge ${member.badge}   PIN ${member.pin}   npm run -s cli -- tap ${member.badge} --state ${clinic.seat.stateDir}`,
  );
  return `
The clinic is open. Ctrl+C closes it.

  Console    ${clinic.site.consoleUrl}   account ${AUDITOR}, password ${clinic.site.auditorPassword}
             its certificate is signed by the site's own CA: ${clinic.site.ca}
  Staff
${staff.join('\n')}
  Pictures   ${clinic.places.screens}
  Logs       ${clinic.places.logs}
`;
}
