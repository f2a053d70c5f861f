/** For each alert the series of a node that is ill in that way, as `promtool test rules` writes them, and those of one that is well. */

/** Values of one sample a minute, by series; `0+1x60` is 0, 1, … 60. */
export type Series = Readonly<Record<string, string>>;

const target = 'job="aurex",instance="a:9100"';
const node = `${target},node="a",chain="c"`;
const other = 'job="aurex",instance="b:9100",node="b",chain="c"';
const loop = `aurex_event_loop_delay_seconds{quantile="0.99",${node}}`;
const answers = (status: string, route: string) =>
  `aurex_api_requests_total{method="GET",route="${route}",status="${status}",${node}}`;
const gib = 1024 ** 3;

/** Nothing of this may alert, at any time: an authority at work beside another one. */
export const healthy: Series = {
  [`up{${target}}`]: "1x400",
  [`process_start_time_seconds{${node}}`]: "1000x60 5000x340",
  [`process_open_fds{${node}}`]: "90x400",
  [`process_max_fds{${node}}`]: "65536x400",
  [`aurex_head_height{${node}}`]: "0+12x400",
  [`aurex_head_height{${other}}`]: "3+12x400",
  [`aurex_final_height{${node}}`]: "-3+12x400",
  [`aurex_peers{${node}}`]: "2x400",
  [`aurex_mempool_transactions{${node}}`]: "5x400",
  [`aurex_sealing{${node}}`]: "1x400",
  [`aurex_faults{${node}}`]: "0x30 1x3 0x367",
  [`aurex_reorganizations_total{${node}}`]: "0+0x400",
  [`aurex_authorities{${node}}`]: "3x400",
  [`aurex_authorities_heard{${node}}`]: "3x400",
  [`aurex_own_turns_missed_total{${node}}`]: "0x40 1x40 2x320",
  [`aurex_clock_offset_seconds{${node}}`]: "-0.2x400",
  [`aurex_disk_free_bytes{${node}}`]: `${50 * gib}-1000000x400`,
  [loop]: "0.02x400",
  [answers("200", "/v1/node")]: "0+600x400",
  [answers("404", "none")]: "0+600x400",
  // A probe that asks a node that is not ready is no fault of the API.
  [answers("503", "/readyz")]: "0+600x400",
  [`aurex_export_failing{${node}}`]: "0x400",
  [`aurex_export_lag_blocks{${node}}`]: "2x400",
  [`aurex_export_log_bytes{${node}}`]: "1000000x400",
};

/** An idle chain is well, too: no block comes while nothing waits. And a chain without finality has no final height. */
export const idle: Series = {
  ...healthy,
  [`aurex_head_height{${node}}`]: "7x400",
  [`aurex_head_height{${other}}`]: "7x400",
  [`aurex_final_height{${node}}`]: "7x400",
  [`aurex_mempool_transactions{${node}}`]: "0x400",
};

/** What differs from {@link healthy}. */
export const ill: Readonly<Record<string, Series>> = {
  AurexNodeDown: { [`up{${target}}`]: "0x400" },
  AurexRestarts: { [`process_start_time_seconds{${node}}`]: "1000+60x400" },
  AurexNotAdvancing: {
    [`aurex_head_height{${node}}`]: "7x400",
    [`aurex_head_height{${other}}`]: "7x400",
    [`aurex_final_height{${node}}`]: "7x400",
  },
  AurexBehind: { [`aurex_head_height{${other}}`]: "40+12x400" },
  AurexNoPeers: { [`aurex_peers{${node}}`]: "0x400" },
  AurexNotSealing: { [`aurex_sealing{${node}}`]: "0x400" },
  AurexFault: { [`aurex_faults{${node}}`]: "2x400" },
  AurexReorganizations: { [`aurex_reorganizations_total{${node}}`]: "0+1x400" },
  AurexMempoolFull: { [`aurex_mempool_transactions{${node}}`]: "45000x400" },
  AurexNotFinal: { [`aurex_final_height{${node}}`]: "0x400" },
  AurexNoQuorum: { [`aurex_authorities_heard{${node}}`]: "1x400" },
  AurexAuthoritiesMissing: { [`aurex_authorities_heard{${node}}`]: "2x400" },
  AurexTurnsMissed: { [`aurex_own_turns_missed_total{${node}}`]: "0+1x400" },
  AurexClockOff: { [`aurex_clock_offset_seconds{${node}}`]: "-1.5x400" },
  AurexDiskFull: { [`aurex_disk_free_bytes{${node}}`]: "100000000x400" },
  AurexDiskNearlyFull: { [`aurex_disk_free_bytes{${node}}`]: `${20 * gib}-10000000x400` },
  AurexOpenFiles: { [`process_open_fds{${node}}`]: "60000x400" },
  AurexEventLoopHeld: { [loop]: "0.8x400" },
  AurexApiErrors: { [answers("500", "/v1/node")]: "0+60x400" },
  AurexLedgerNotWritten: { [`aurex_export_failing{${node}}`]: "1x400" },
  AurexLedgerBehind: { [`aurex_export_lag_blocks{${node}}`]: "5000x400" },
  AurexLedgerHeld: { [`aurex_export_log_bytes{${node}}`]: "100000000x400" },
};

/** Alerts that come along with another one: who hears too few for finality also misses an authority. */
export const alongWith: Readonly<Record<string, readonly string[]>> = {
  AurexNoQuorum: ["AurexAuthoritiesMissing"],
  AurexDiskFull: ["AurexDiskNearlyFull"],
};
