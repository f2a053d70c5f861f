/** What a command line says about which node it means. */

export interface PlaceFlags {
  readonly dataDir?: string;
  readonly config?: string;
}

export interface ApiFlags extends PlaceFlags {
  readonly api?: string;
}
