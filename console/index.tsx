/** Starts the console: theme first, then the page. It owns the document's root and nothing else. */
import '@fontsource-variable/inter/wght.css';
import '../renderer/theme/tokens.css';
import './console.css';
import { createRoot } from 'react-dom/client';
import { Console } from './console.tsx';

const dark = matchMedia('(prefers-color-scheme: dark)');
const paint = (): void => {
  document.documentElement.dataset['theme'] = dark.matches ? 'dark' : 'light';
};
dark.addEventListener('change', paint);
paint();

const root = document.getElementById('console');
if (root !== null) createRoot(root).render(<Console />);
