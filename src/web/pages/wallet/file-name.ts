/** What a downloaded keystore file is called. */

/** E.g. `aurex-k6va62uk.json`: the address's beginning, which tells keys apart and gives nothing away. */
export function keystoreFileName(address: string): string {
  return `aurex-${address.slice("aurex1".length).slice(0, 8)}.json`;
}
