/**
 * The audit events that the machines themselves write. The shapes are those of the taxonomy in the contract, which core
 * may not import: the agent's compiler holds the two against each other where it hands a record to the store.
 */
export type SessionRecord =
  | {
      readonly type: 'session.started';
      readonly body: {
        session: string;
        person: string;
        role: string;
        factors: string[];
        policyVersion: number;
        replaces: string | null;
        confirmedBy?: string;
      };
    }
  | { readonly type: 'session.ended'; readonly body: { session: string; person: string | null; reason: string } }
  | { readonly type: 'session.locked'; readonly body: { session: string | null; reason: string } }
  | { readonly type: 'session.unlocked'; readonly body: { session: string; person: string; factors: string[] } }
  | { readonly type: 'session.warned'; readonly body: { session: string; idleSeconds: number } }
  | {
      readonly type: 'auth.refused';
      readonly body: { person: string | null; reason: string; triesLeft: number; badge: string | null };
    }
  | {
      readonly type: 'breakglass.started';
      readonly body: {
        session: string;
        person: string | null;
        reason: string;
        note: string;
        limitSeconds: number;
        policyVersion: number;
      };
    }
  | { readonly type: 'breakglass.ended'; readonly body: { session: string; person: string | null; reason: string } }
  | { readonly type: 'breakglass.witnessed'; readonly body: { session: string; person: string } }
  | { readonly type: 'procedure.started'; readonly body: { session: string; person: string | null; limitSeconds: number } }
  | { readonly type: 'procedure.ended'; readonly body: { session: string; person: string | null; reason: string } }
  | { readonly type: 'ui.lost'; readonly body: { reason: string } }
  | { readonly type: 'power.changed'; readonly body: { what: string } }
  | { readonly type: 'clock.stepped'; readonly body: { seconds: number } };
