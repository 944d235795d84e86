/** As much of a policy document as the judgement of a candidate needs, and what such a judgement says. */
import type { AppRule, Scope, SeatGroup } from '../decision/rule.ts';
import type { SignInRule } from './sign-in.ts';

export interface DevicesFacts {
  readonly usbClasses?: readonly string[];
  readonly usbDevices?: ReadonlyArray<{ readonly use?: 'keyboard' | 'reader' }>;
}

export interface CandidateFacts {
  readonly tenant: string;
  readonly version: number;
  readonly expiresAt: string;
  readonly issuedAt: string;
  readonly recipients: ReadonlyArray<{ readonly id: string; readonly role: 'reader' | 'escrow'; readonly publicKey: string }>;
  readonly apps: ReadonlyArray<{ readonly id: string; readonly path?: string; readonly sha256?: string }>;
  readonly roles: ReadonlyArray<{ readonly id: string; readonly apps: readonly string[] }>;
  readonly rules?: readonly AppRule[];
  readonly seatGroups?: readonly SeatGroup[];
  readonly breakGlass: {
    readonly enabled: boolean;
    readonly apps: readonly string[];
    readonly reasons: ReadonlyArray<{ readonly id: string }>;
  };
  readonly signIn?: {
    readonly rules: readonly SignInRule[];
    readonly staffAge?: { readonly tooOld: 'pin' | 'breakglass' };
  };
  readonly readers?: { readonly pcsc?: boolean; readonly expected?: boolean; readonly keyboard?: { readonly allowed?: boolean } };
  readonly devices?: DevicesFacts;
  readonly overrides?: ReadonlyArray<Scope & { readonly id: string; readonly devices?: DevicesFacts }>;
}

/** Something that fits the schema and still can't be meant. `path` leads to it in the document. */
export interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly message: string;
}
