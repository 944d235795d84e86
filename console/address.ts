/** What is shown lives in the address, so that it can be kept, sent and gone back to. */
import { useEffect, useState } from 'react';
import type { Search } from './api.ts';

export interface Place {
  readonly search: Search;
  /** The open story, or null. */
  readonly story: { readonly workstation: string; readonly session: string } | null;
}

export function readPlace(query: string): Place {
  const params = new URLSearchParams(query);
  const [workstation = '', session = ''] = (params.get('story') ?? '').split('/');
  const text = (name: string): string => params.get(name) ?? '';
  return {
    search: { person: text('person'), seat: text('seat'), from: text('from'), to: text('to') },
    story: workstation === '' || session === '' ? null : { workstation, session },
  };
}

export function writePlace({ search, story }: Place): string {
  const params = new URLSearchParams(Object.entries(search).filter(([, value]) => value !== ''));
  if (story !== null) params.set('story', `${story.workstation}/${story.session}`);
  return params.size === 0 ? '.' : `?${params}`;
}

export function usePlace(): readonly [Place, (next: Place) => void] {
  const [place, setPlace] = useState(() => readPlace(location.search));
  useEffect(() => {
    const back = (): void => setPlace(readPlace(location.search));
    addEventListener('popstate', back);
    return () => removeEventListener('popstate', back);
  }, []);
  const go = (next: Place): void => {
    history.pushState(null, '', writePlace(next));
    setPlace(next);
  };
  return [place, go];
}
