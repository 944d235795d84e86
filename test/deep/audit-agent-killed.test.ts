/** Fault 20 with the whole agent: killed 20 times while screens and syncer use it. */
import { agentKilled } from '../support/agent-killed.ts';

agentKilled(20);
