/** The tables of codes, cards, what seats report of PINs and what they hear of people, as types; `schema.ts` gathers them. Times as there. */

/** Temporary codes and downtime cards, by the keyed hash of their digits. `kind`: `code` or `card`. */
export interface SignInCodesTable {
  code_hmac: string;
  person_id: string;
  kind: string;
  issued_at: number;
  valid_until: number;
}

/** Which seat a downtime card opened. Two rows for one card are an alarm. */
export interface CardUsesTable {
  workstation_id: string;
  card_hmac: string;
  person_id: string;
  at: number;
}

/** PINs that a person may not take again: verifiers under the storage key, the highest number is the newest. */
export interface FormerPinsTable {
  person_id: string;
  number: number;
  pin_box: Uint8Array;
}

/** Wrong PINs in a row at one seat, against the PIN with this salt. */
export interface SeatGuessesTable {
  workstation_id: string;
  person_id: string;
  pin_salt: string;
  failures: number;
  at: number;
}

/** The last right PIN of a person, wherever it was. */
export interface RightPinsTable {
  person_id: string;
  workstation_id: string;
  pin_salt: string;
  at: number;
}

/** How far each seat's news were taken: the number of the last item. */
export interface SeatNewsTable {
  workstation_id: string;
  taken: number;
}

/** Items of a seat that were refused, until it tells of later ones only. */
export interface RefusedItemsTable {
  workstation_id: string;
  number: number;
  code: string;
}

/** Where a person came in last, by the server's clock. `held`: the seat still tells of that session. `rival_*`: a seat that held another one of theirs meanwhile. */
export interface PersonLoginsTable {
  person_id: string;
  workstation_id: string;
  session_id: string;
  at: number;
  held: number;
  rival_name: string | null;
  rival_at: number | null;
}

/** Seats whose person came in elsewhere and that have not asked since. */
export interface SeatCallsTable {
  workstation_id: string;
  at: number;
}

/** How far staff, and what seats tell of it, has come for `*`, `ward/ID` or `seat/ID`. `mark`: random, another one after each change. */
export interface ScopeVersionsTable {
  topic: string;
  scope: string;
  version: number;
  mark: string;
}

export interface CredentialTables {
  scope_versions: ScopeVersionsTable;
  person_logins: PersonLoginsTable;
  seat_calls: SeatCallsTable;
  sign_in_codes: SignInCodesTable;
  card_uses: CardUsesTable;
  former_pins: FormerPinsTable;
  seat_guesses: SeatGuessesTable;
  right_pins: RightPinsTable;
  seat_news: SeatNewsTable;
  refused_items: RefusedItemsTable;
}
