/**
 * What failed when a page could not be shown, as the record has it: one of a few words, by Chromium's name of the error. Pure.
 */
import type { Params } from '../../contract/boundary.ts';
import type { UiBoundary } from '../../contract/ui.ts';

export type PageFailure = Params<UiBoundary, 'webFailed'>['reason'];

/** The first that fits counts. The names are those of net/base/net_error_list.h. */
const FAMILIES: readonly (readonly [RegExp, PageFailure])[] = [
  [/^ERR_CERT(?:IFICATE)?_/, 'certificate'],
  [/_SSL_/, 'encryption'],
  [/^ERR_(?:NAME|DNS|ICANN_NAME)_/, 'name'],
  [/^ERR_(?:CONNECTION|ADDRESS|INTERNET|NETWORK|PROXY|TUNNEL|SOCKS|SOCKET)_|^ERR_TIMED_OUT$/, 'connection'],
  [/^ERR_(?:EMPTY|INVALID|HTTP2|QUIC|RESPONSE|CONTENT|TOO_MANY|INCOMPLETE|UNSAFE)_/, 'answer'],
];

export function failureOf(error: string): PageFailure {
  return FAMILIES.find(([names]) => names.test(error))?.[1] ?? 'other';
}
