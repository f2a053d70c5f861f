/** What a command line says about which node it means. */

export interface PlaceFlags {
  readonly dataDir?: string;
  readonly config?: string;
  /** Only of a command that makes a node's key. */
  readonly consensus?: string;
}

export interface ApiFlags extends PlaceFlags {
  readonly api?: string;
  /** The file with the token of that API. */
  readonly apiTokenFile?: string;
}
