/** Signing in with a local account. It says what went wrong and what to do, and forgets the password at once. */
import { type SyntheticEvent, useState } from 'react';
import type { Me } from '../contract/console-api.ts';
import { api, Refused } from './api.ts';

export function SignIn({ onSignedIn }: { readonly onSignedIn: (me: Me) => void }) {
  const [trouble, setTrouble] = useState<Refused | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: SyntheticEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    api
      .signIn(String(form.get('name')), String(form.get('password')))
      .then(onSignedIn, (error: unknown) => setTrouble(error instanceof Refused ? error : null))
      .finally(() => setBusy(false));
  };
  return (
    <main className="door">
      <form className="card" onSubmit={submit}>
        <h1>Wardlock record</h1>
        <p className="soft">For auditors. What you read here is itself recorded.</p>
        <label>
          Name
          <input name="name" autoComplete="username" required maxLength={64} pattern="[A-Za-z0-9][A-Za-z0-9._\-]*" />
        </label>
        <label>
          Password
          <input name="password" type="password" autoComplete="current-password" required maxLength={200} />
        </label>
        <button type="submit" disabled={busy}>
          {busy ? 'Signing in' : 'Sign in'}
        </button>
        <p role="alert" className="trouble">
          {trouble === null ? '' : trouble.message} {trouble === null ? null : <small>{trouble.code}</small>}
        </p>
      </form>
    </main>
  );
}
