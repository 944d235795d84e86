/** Fault 20 with the whole agent, at length: killed 200 times while screens and syncer use it. */
import { agentKilled } from '../support/agent-killed.ts';

agentKilled(200);
