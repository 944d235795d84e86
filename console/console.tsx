/** The page as a whole: sign-in, or the finder with the open story. It owns who is signed in and where one is. */
import { useCallback, useEffect, useState } from 'react';
import type { Me } from '../contract/console-api.ts';
import { usePlace } from './address.ts';
import { Alarms } from './alarms.tsx';
import { api, Refused } from './api.ts';
import { Find } from './find.tsx';
import { Seats } from './seats.tsx';
import { SignIn } from './sign-in.tsx';
import { StoryPage } from './story.tsx';

type Who = 'asking' | 'nobody' | Me;

export function Console() {
  const [who, setWho] = useState<Who>('asking');
  const [place, go] = usePlace();
  useEffect(() => {
    api.me().then(setWho, () => setWho('nobody'));
  }, []);
  const lost = useCallback((error: unknown): void => {
    if (error instanceof Refused && error.code === 'SERVER_SIGN_IN_NEEDED') setWho('nobody');
  }, []);
  if (who === 'asking') return <p className="quiet">One moment.</p>;
  if (who === 'nobody') return <SignIn onSignedIn={setWho} />;
  const leave = (): void => {
    api.signOut(who.csrf).then(
      () => setWho('nobody'),
      () => setWho('nobody'),
    );
  };
  return (
    <>
      <header className="bar">
        <p className="brand">
          Wardlock <span>record of {who.tenant}</span>
        </p>
        <p className="who">
          {who.name}, {who.role}
        </p>
        <button type="button" className="plain" onClick={leave}>
          Sign out
        </button>
      </header>
      <main>
        {place.story === null ? (
          <>
            <Alarms csrf={who.csrf} onLost={lost} />
            <Find
              search={place.search}
              onSearch={(search) => go({ search, story: null })}
              onOpen={(story) => go({ ...place, story })}
              onLost={lost}
            />
            <Seats onLost={lost} />
          </>
        ) : (
          <StoryPage open={place.story} onBack={() => go({ ...place, story: null })} onLost={lost} />
        )}
      </main>
    </>
  );
}
