/**
 * Picks the concrete parts of a server: database, keys, clock, services. The command line's staff and token commands open
 * the same site without listening. Nothing else in this folder chooses an implementation.
 */
import { join } from 'node:path';
import { formatVerifierKey, NOTE_COSIGNATURE, treeHasher } from '../core/audit/index.ts';
import { nodeCrypto } from '../crypto/index.ts';
import { makeStateFolder } from '../crypto/secret-files.ts';
import { heldWhenAsked, openAnnouncing, openIndexing } from './duties.ts';
import { type Metrics, openMetrics } from './http/metrics.ts';
import { type OperationalLog, openOperationalLog, wordsOfFault } from './operational-log.ts';
import { type Accounts, openAccounts } from './services/accounts.ts';
import { type Alarms, openAlarms } from './services/alarms.ts';
import { type Changes, openChanges } from './services/changes.ts';
import { type Codes, openCodes } from './services/codes.ts';
import { type Directories, openDirectories } from './services/directory.ts';
import { type Emergencies, openEmergencies } from './services/emergencies.ts';
import { type Enrolments, openEnrolments } from './services/enrolments.ts';
import { openEnvelopes } from './services/envelopes.ts';
import { type Exports, openExports } from './services/exports.ts';
import { type Holds, openHolds } from './services/holds.ts';
import { type Intake, openIntake } from './services/intake.ts';
import { type LogOfLogs, openLogOfLogs } from './services/log-of-logs/index.ts';
import { openPeople, type People } from './services/people.ts';
import { openPeriodKeys, type PeriodKeys } from './services/period-keys.ts';
import { openPolicies, type Policies } from './services/policies.ts';
import { openPresence, type Presence } from './services/presence.ts';
import { openPurge, type Purge } from './services/purge.ts';
import { openReader, type Reader } from './services/reader.ts';
import { openRefusedPeers, type RefusedPeers } from './services/refused-peers.ts';
import { openSearch, type Search } from './services/search.ts';
import { openSeats, type Seats } from './services/seats.ts';
import { openServerLog, type ServerLog } from './services/server-log.ts';
import { type SilenceWatch, watchSilence } from './services/silence.ts';
import { openStaff, type Staff } from './services/staff.ts';
import { openStories, type Stories } from './services/stories.ts';
import { openLogKeys, rememberVerifiers } from './services/verifiers.ts';
import { openWardReports, type WardReports } from './services/ward-report.ts';
import { openWitness, type Witness } from './services/witness.ts';
import { type Authority, openAuthority } from './site/authority.ts';
import { refuseAbsentDatabase, refuseAbsentSite, refuseEmptyDatabase } from './site/existing.ts';
import { openSiteKeys, type SiteKeys } from './site/keys.ts';
import { openPeriodKeyFiles } from './site/period-keys.ts';
import { settleKeys } from './site/same-keys.ts';
import { settleTenant } from './site/tenant.ts';
import type { Statement } from './store/engine.ts';
import { openStore } from './store/open.ts';
import type { Store } from './store/store.ts';

export interface SiteOptions {
  readonly stateFolder: string;
  /** `sqlite:PATH` or `postgres://…`; without it `wardlock.db` in the state folder. */
  readonly database: string | null;
  readonly tenant: string | null;
  /** X25519 private keys of the reader role, if this process has them; the newest and older ones. */
  readonly readerKeys?: readonly Uint8Array[];
  /** Where the private halves of the period keys lie; without it `period-keys` in the state folder. */
  readonly periodKeysFolder?: string | null;
  /** This process only reads for the index, on a machine that has none of the site's keys. */
  readonly readerOnly?: boolean;
  /** Refuses to make a site where none is. */
  readonly mustExist?: boolean;
  /** Told of every statement, for tests that judge them. */
  readonly onStatement?: (statement: Statement) => void;
}

export interface Site {
  readonly tenant: string;
  readonly stateFolder: string;
  readonly store: Store;
  readonly authority: Authority;
  /** True when this start made the site's CA. */
  readonly authorityMade: boolean;
  readonly keys: SiteKeys;
  readonly witness: Witness;
  readonly intake: Intake;
  /** Publishes once `start` was called. */
  readonly logOfLogs: LogOfLogs;
  readonly changes: Changes;
  readonly log: ServerLog;
  readonly operational: OperationalLog;
  readonly staff: Staff;
  readonly codes: Codes;
  readonly people: People;
  readonly policies: Policies;
  readonly directories: Directories;
  readonly enrolments: Enrolments;
  readonly seats: Seats;
  readonly accounts: Accounts;
  readonly stories: Stories;
  readonly search: Search;
  readonly wardReports: WardReports;
  readonly exports: Exports;
  readonly holds: Holds;
  readonly purge: Purge;
  readonly periodKeys: PeriodKeys;
  /** Null where this process does not hold the reader's key. */
  readonly reader: Reader | null;
  readonly alarms: Alarms;
  readonly presence: Presence;
  readonly silence: SilenceWatch;
  readonly emergencies: Emergencies;
  readonly witnessKey: string;
  readonly mirrorKey: string;
  readonly refused: RefusedPeers;
  readonly metrics: Metrics;
  readonly now: () => number;
  /** Aborted when the server stops: long polls answer at once. */
  readonly stopping: AbortController;
  close(): Promise<void>;
}

/** Other nodes hear of entries at most so often: each announcement is a commit. */
const ANNOUNCE_MS = 250;

export async function openSite(options: SiteOptions): Promise<Site> {
  const address = databaseAddress(options);
  if (options.mustExist === true) {
    if (options.readerOnly === true) refuseAbsentDatabase(address);
    else refuseAbsentSite(options.stateFolder, address);
  }
  makeStateFolder(options.stateFolder);
  const operational = openOperationalLog('wardlock-server');
  const fault = (cause: unknown): void => operational.error('background work failed', { error: wordsOfFault(cause) });
  const { onStatement } = options;
  const store = await openStore(address, { onFault: fault, ...(onStatement === undefined ? {} : { onStatement }) });
  try {
    if (options.mustExist === true) await refuseEmptyDatabase(store.db, store.address);
    return await compose(options, { store, operational, fault });
  } catch (cause) {
    await store.close();
    throw cause;
  }
}

interface Ground {
  readonly store: Store;
  readonly operational: OperationalLog;
  readonly fault: (cause: unknown) => void;
}

async function compose(options: SiteOptions, { store, operational, fault }: Ground): Promise<Site> {
  const now = Date.now;
  const { stateFolder } = options;
  const { db } = store;
  const tenant = await settleTenant(db, options.tenant);
  const { authority, made } = await openAuthority(stateFolder, tenant, now());
  const keys = openSiteKeys(stateFolder, nodeCrypto);
  if (options.readerOnly !== true) await settleKeys(db, authority, keys);
  const changes = openChanges(store, fault);
  const log = openServerLog(db, now);
  const staff = openStaff({ db, keys, changes, log, now });
  const refused = openRefusedPeers(log, fault);
  const policies = openPolicies({ db, tenant, crypto: nodeCrypto, changes, log, refused, now });
  const presence = openPresence(db, fault);
  const mayLook = heldWhenAsked(() => store.duty('silence'));
  const silence = watchSilence({ db, now, onFault: fault, mayLook });
  const emergencies = openEmergencies({ db, log, now, onFault: fault, mayLook });
  const metrics = openMetrics(() => refused.totals());
  const periodFiles = openPeriodKeyFiles(options.periodKeysFolder ?? join(stateFolder, 'period-keys'));
  const periodKeys = openPeriodKeys({ db, crypto: nodeCrypto, files: periodFiles, now });
  const envelopes = openEnvelopes({ db, crypto: nodeCrypto, periodKeys });
  const readerKeys = options.readerKeys ?? [];
  const reader = readerKeys.length === 0 ? null : openReader({ db, crypto: nodeCrypto, readerKeys, envelopes, log, now });
  const indexing = reader === null ? null : openIndexing(store, reader, fault);
  const stopping = new AbortController();
  const announcing = openAnnouncing(ANNOUNCE_MS, () => store.announce(db, 'stored'), fault);
  const hasher = treeHasher(nodeCrypto);
  const witnessName = `wardlock/${tenant}/witness`;
  const mirrorName = `wardlock/${tenant}/mirror`;
  const vkey = (name: string, publicKey: Uint8Array): string => formatVerifierKey(nodeCrypto, { name, type: NOTE_COSIGNATURE, publicKey });
  const trust = {
    tenant,
    directoryKey: keys.directory.publicKey,
    witnessKey: vkey(witnessName, keys.witness.publicKey),
    mirrorKey: vkey(mirrorName, keys.mirror.publicKey),
  };
  const crypto = rememberVerifiers(nodeCrypto);
  const logKeyOf = openLogKeys(crypto);
  const mirror = { name: mirrorName, signer: keys.mirror };
  const holds = openHolds({ db, log, now });
  const intake = openIntake({
    db,
    crypto,
    logKeyOf,
    hasher,
    mirror,
    envelopes,
    now,
    onStored: (log, entries) => {
      metrics.stored(entries);
      if (indexing?.held() === true) indexing.read(log);
      else announcing.soon();
    },
  });
  const logKey = { crypto: nodeCrypto, tenant, signer: keys.log };
  const logOfLogs = openLogOfLogs({ db, hasher, now, stateFolder, onFault: fault, witnessKey: trust.witnessKey, ...logKey });
  return {
    tenant,
    stateFolder,
    store,
    authority,
    authorityMade: made,
    keys,
    witness: openWitness({ db, crypto, logKeyOf, hasher, signer: { name: witnessName, signer: keys.witness }, now }),
    intake,
    logOfLogs,
    changes,
    log,
    operational,
    staff,
    codes: openCodes({ db, keys, changes, log, now }),
    people: openPeople({ db, tenant, keys, crypto: nodeCrypto, staff, changes, log, now }),
    policies,
    directories: openDirectories({ db, tenant, keys, crypto: nodeCrypto, staff, changes, now }),
    enrolments: openEnrolments({ db, authority, crypto: nodeCrypto, trust, policies, changes, log, now }),
    accounts: openAccounts({ db, log, box: keys.box, now }),
    stories: openStories(db),
    search: openSearch(db),
    wardReports: openWardReports(db),
    exports: openExports({ db, crypto: nodeCrypto, hasher, intake, envelopes, reader, now }),
    holds,
    purge: openPurge({ db, crypto: nodeCrypto, envelopes, periodKeys, periodFiles, mirror, policies, holds, log, now }),
    periodKeys,
    reader,
    alarms: openAlarms(db, log, now),
    seats: openSeats({ db, log, changes, presence, now }),
    presence,
    silence,
    emergencies,
    witnessKey: trust.witnessKey,
    mirrorKey: trust.mirrorKey,
    refused,
    metrics,
    now,
    stopping,
    close: async () => {
      stopping.abort();
      await changes.close();
      await silence.close();
      await emergencies.stop();
      await announcing.close();
      await indexing?.close();
      await reader?.close();
      await presence.close();
      await refused.settled();
      await logOfLogs.close();
      await store.close();
    },
  };
}

function databaseAddress({ database, stateFolder }: SiteOptions): string {
  return database ?? `sqlite:${join(stateFolder, 'wardlock.db')}`;
}
