/** The seat's page: mounts the screens and nothing else. */
import '@fontsource-variable/inter/wght.css';
import './theme/tokens.css';
import './theme/accents.css';
import './theme/base.css';
import './theme/controls.css';
import './theme/badge.css';
import './theme/lock.css';
import './theme/pin.css';
import './theme/entry.css';
import './theme/launcher.css';
import './theme/session.css';
import './theme/panels.css';
import './theme/alarm.css';
import './theme/check.css';
import { createRoot } from 'react-dom/client';
import { Seat } from './seat.tsx';

const place = document.getElementById('seat');
if (place !== null) createRoot(place).render(<Seat bridge={window.wardlock} />);
